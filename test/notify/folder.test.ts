import assert from 'node:assert/strict'
import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { mailboxFile, openMailbox, readMailbox } from '../../src/notify/folder.ts'
import type { MailMessage } from '../../src/notify/message.ts'
import { sendersOf } from '../../src/notify/senders.ts'

const mail = (n: number): MailMessage => ({
  dedupeId: `m${n}`, at: n, name: 'testMail', locale: 'en', from: { name: 'L', address: 'l@x.example' }, to: 'ann@home.example', subject: `No ${n}`, text: 'x\n', html: '<p>x</p>',
})
const folder = () => mkdtempSync(join(tmpdir(), 'latchkey-mailbox-'))

test('the newest message is read first, each once, by their owner alone', async () => {
  const dataDir = folder()
  assert.deepEqual(readMailbox(dataDir), [])
  const box = openMailbox(dataDir)
  await box.mail.send(mail(1))
  await box.sms.send({ dedupeId: 't1', at: 2, name: 'testText', locale: 'da', to: '+4520123456', text: 'hej' })
  await box.mail.send(mail(1))
  assert.deepEqual(readMailbox(dataDir).map(one => [one.kind, one.dedupeId]), [['sms', 't1'], ['mail', 'm1']])
  assert.equal(statSync(mailboxFile(dataDir)).mode & 0o777, 0o600)
})

test('two hundred are kept, and the file does not grow without end', async () => {
  const dataDir = folder()
  const box = openMailbox(dataDir)
  for (let n = 0; n < 450; n++) await box.mail.send(mail(n))
  const kept = readMailbox(dataDir)
  assert.deepEqual([kept.length, kept[0]?.dedupeId], [200, 'm449'])
  assert.equal(statSync(mailboxFile(dataDir)).mode & 0o777, 0o600)
})

test('without a provider there is no sender', async () => {
  assert.deepEqual(await sendersOf({ mail: { kind: 'none' }, sms: { kind: 'none' }, dataDir: folder() }), {})
  assert.deepEqual(Object.keys(await sendersOf({ mail: { kind: 'folder' }, sms: { kind: 'folder' }, dataDir: folder() })), ['mail', 'sms'])
})
