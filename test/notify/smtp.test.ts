import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PermanentFailure } from '../../src/notify/message.ts'
import type { MailMessage } from '../../src/notify/message.ts'
import { smtpSender } from '../../src/notify/smtp.ts'
import type { SmtpConfig } from '../../src/notify/smtp.ts'
import { Secret } from '../../src/secret.ts'
import { startMailServer } from '../support/smtp.ts'
import type { MailServer } from '../support/smtp.ts'

const message: MailMessage = {
  dedupeId: 'code:1', at: Date.UTC(2026, 10, 21, 12), name: 'resetCode', locale: 'en', from: { name: 'Latchkey on behalf of Ærø A/S', address: 'no-reply@aeroe.example' },
  to: 'ann+reset@home.example', subject: 'Ærø A/S: your code', text: 'Your code\n\n1234 5678\n', html: '<p>1234 5678</p>',
}

const configFor = (server: MailServer, more: Partial<SmtpConfig> = {}): SmtpConfig =>
  ({ kind: 'smtp', host: 'localhost', port: server.port, security: 'startTls', from: 'no-reply@aeroe.example', ...more })

async function withServer(options: Parameters<typeof startMailServer>[0], body: (server: MailServer) => Promise<void>): Promise<void> {
  const server = await startMailServer(options)
  await body(server).finally(() => server.close())
}

test('mail goes out encrypted by STARTTLS, with a login, to the stored address and no other', () =>
  withServer({ kind: 'startTls', login: true }, async server => {
    const sender = smtpSender(configFor(server, { username: 'latchkey', password: new Secret('letter-box') }), { ca: server.certificate })
    await sender.send(message)
    await sender.close?.()
    const [mail] = server.received
    assert.deepEqual([mail?.to, mail?.from, mail?.encrypted, mail?.user], [['ann+reset@home.example'], 'no-reply@aeroe.example', true, 'latchkey'])
    assert.match(mail!.raw, /^Message-ID: <[0-9a-f]{40}@aeroe\.example>\r$/m)
    assert.match(mail!.raw, /^Date: Sat, 21 Nov 2026 12:00:00 \+0000\r$/m)
    assert.match(mail!.raw, /^Auto-Submitted: auto-generated\r$/m)
  }))

test('mail goes out over implicit TLS', () =>
  withServer({ kind: 'tls' }, async server => {
    const sender = smtpSender(configFor(server, { security: 'tls' }), { ca: server.certificate })
    await sender.send(message)
    await sender.close?.()
    assert.equal(server.received[0]?.encrypted, true)
  }))

test('nothing is said in clear when STARTTLS is asked for and not offered, nor to a server with an unknown certificate', async () => {
  await withServer({ kind: 'plain', login: true }, async server => {
    const sender = smtpSender(configFor(server, { username: 'latchkey', password: new Secret('letter-box') }), { ca: server.certificate })
    await assert.rejects(sender.send(message), error => !(error instanceof PermanentFailure))
    await sender.close?.()
    assert.equal(server.received.length, 0)
  })
  await withServer({ kind: 'startTls' }, async server => {
    const sender = smtpSender(configFor(server))
    await assert.rejects(sender.send(message))
    await sender.close?.()
    assert.equal(server.received.length, 0)
  })
})

test('the same message sent twice carries the same Message-ID, another one another', () =>
  withServer({ kind: 'plain' }, async server => {
    const sender = smtpSender(configFor(server, { security: 'none' }))
    await sender.send(message)
    await sender.send(message)
    await sender.send({ ...message, dedupeId: 'code:2' })
    await sender.close?.()
    const [one, two, three] = server.received.map(mail => /^Message-ID: (.+)\r$/m.exec(mail.raw)![1])
    assert.equal(one, two)
    assert.notEqual(one, three)
  }))

test('a refused recipient is given up, a busy server and a refused login are not', async () => {
  const answers: [number, boolean][] = [[550, true], [451, false]]
  for (const [responseCode, final] of answers) {
    await withServer({ kind: 'plain', answer: () => Object.assign(new Error('no'), { responseCode }) }, async server => {
      const sender = smtpSender(configFor(server, { security: 'none' }))
      await assert.rejects(sender.send(message), error => error instanceof PermanentFailure === final)
      await sender.close?.()
    })
  }
  await withServer({ kind: 'plain', login: true }, async server => {
    const sender = smtpSender(configFor(server, { security: 'none', username: 'latchkey', password: new Secret('wrong') }))
    await assert.rejects(sender.send(message), error => !(error instanceof PermanentFailure))
    await sender.close?.()
  })
})

test('T-08, T-69: what is not one address is never sent to', () =>
  withServer({ kind: 'plain' }, async server => {
    const sender = smtpSender(configFor(server, { security: 'none' }))
    for (const to of ['a@x.example,b@y.example', 'a@x.example\r\nBcc: b@y.example', 'a@x.example b@y.example', '<a@x.example>', 'A <a@x.example>', 'group:a@x.example;', 'a', '@x', '']) {
      await assert.rejects(sender.send({ ...message, to }), PermanentFailure, JSON.stringify(to))
    }
    await sender.close?.()
    assert.equal(server.received.length, 0)
  }))

test('T-69: names with line breaks and quotes stay in their header', () =>
  withServer({ kind: 'plain' }, async server => {
    const sender = smtpSender(configFor(server, { security: 'none' }))
    await sender.send({ ...message, from: { name: 'A"\r\nBcc: eve@evil.example\r\n', address: message.from.address }, subject: 'x\r\nBcc: eve@evil.example' })
    await sender.close?.()
    const [mail] = server.received
    assert.deepEqual(mail?.to, ['ann+reset@home.example'])
    assert.doesNotMatch(mail!.raw, /^Bcc:/im)
  }))

test('T-73, T-75: what a mail server answers is kept without the address it repeats, whether it is final or not', () =>
  withServer({ kind: 'plain', answer: to => Object.assign(new Error(`<${to}>: try later or never`), { responseCode: to.startsWith('later') ? 450 : 550 }) }, async server => {
    const sender = smtpSender(configFor(server, { security: 'none' }))
    for (const [to, code] of [['later@home.example', 450], ['never@home.example', 550]] as const) {
      await assert.rejects(sender.send({ ...message, to }), error => {
        assert.ok(error instanceof Error)
        assert.doesNotMatch(`${error.message} ${error.stack}`, /home\.example/)
        assert.match(error.message, new RegExp(`${code}`))
        return true
      })
    }
    await sender.close?.()
  }))
