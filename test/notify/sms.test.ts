import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PermanentFailure } from '../../src/notify/message.ts'
import type { TextMessage } from '../../src/notify/message.ts'
import { httpSmsSender } from '../../src/notify/sms-http.ts'
import { twilioSender } from '../../src/notify/sms-twilio.ts'
import { Secret } from '../../src/secret.ts'
import { startGateway } from '../support/sms.ts'

const message: TextMessage = { dedupeId: 'code:1', at: 0, name: 'resetCodeText', locale: 'en', to: '+4533123456', text: 'Contoso: 1234 5678 is your code. Æøå' }

test('the gateway gets number and text as JSON, a token and the same key each time', async () => {
  const gateway = await startGateway()
  const sender = httpSmsSender({ kind: 'http', url: `${gateway.url}/send`, token: new Secret('gate-token'), from: 'Contoso' })
  await sender.send(message)
  await sender.send(message)
  assert.deepEqual(JSON.parse(gateway.received[0]!.body), { to: '+4533123456', text: message.text, from: 'Contoso' })
  assert.equal(gateway.received[0]!.headers.authorization, 'Bearer gate-token')
  assert.deepEqual(gateway.received.map(one => one.headers['idempotency-key']), ['code:1', 'code:1'])
  await gateway.close()
})

test('the Twilio shape: a form, basic authentication, a messaging service by its id', async () => {
  const gateway = await startGateway()
  const common = { kind: 'twilio' as const, accountSid: 'AC1', authToken: new Secret('tw-token'), url: gateway.url }
  await twilioSender({ ...common, from: '+4570000000' }).send(message)
  await twilioSender({ ...common, from: 'MG77' }).send(message)
  const [first, second] = gateway.received
  assert.equal(first!.url, '/2010-04-01/Accounts/AC1/Messages.json')
  assert.equal(first!.headers.authorization, `Basic ${Buffer.from('AC1:tw-token').toString('base64')}`)
  assert.equal(first!.headers['i-twilio-idempotency-token'], 'code:1')
  assert.deepEqual(Object.fromEntries(new URLSearchParams(first!.body)), { To: '+4533123456', Body: message.text, From: '+4570000000' })
  assert.equal(new URLSearchParams(second!.body).get('MessagingServiceSid'), 'MG77')
  await gateway.close()
})

test('a refused message is given up; what waiting or the operator can mend is not; redirects are not followed', async () => {
  const gateway = await startGateway()
  const sender = httpSmsSender({ kind: 'http', url: gateway.url })
  for (const [status, final] of [[400, true], [422, true], [401, false], [429, false], [500, false], [503, false], [302, false]] as const) {
    gateway.status = status
    await assert.rejects(sender.send(message), error => error instanceof PermanentFailure === final, String(status))
  }
  assert.ok(gateway.received.every(one => one.url === '/'))
  await gateway.close()
})
