import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MailMessage, MessageValues, TextMessage } from '../../src/notify/message.ts'
import { messages } from '../../src/notify/messages.ts'
import type { MessageName } from '../../src/notify/messages.ts'
import { plainValue, renderMail, renderText } from '../../src/notify/render.ts'
import { locales } from '../../src/text.ts'
import type { Locale } from '../../src/text.ts'

const context = {
  config: { publicOrigin: 'https://reset.contoso.example', mail: { kind: 'none' as const } }, organisation: 'Contoso', dedupeId: 'd', at: 0,
}
const names = Object.keys(messages) as MessageName[]

const sample: MessageValues = {
  code: '1234 5678', minutes: 10, account: 'ann@contoso.example', reasonCode: 'SSPR_0014', supportCode: 'K7QX-2M4P', name: 'Ann', method: 'mobile', hint: '+45 XXXXXX67',
  appPasswordName: 'Mail', actorName: 'Gus', actorAccount: 'gus@contoso.example', userName: 'Ann', userAccount: 'ann@contoso.example', count: 3, policy: 'passwordResetPolicy',
  changes: 'x: 2 → 1', sent: 400, budget: 500, prefix: '+4533', days: 7, time: Date.UTC(2026, 10, 21, 3, 43), changed: Date.UTC(2026, 10, 21, 2, 40), place: '192.0.2.0/24',
  application: 'Shop', appId: '4f1c', credential: 'ci', kind: 'password', ends: Date.UTC(2026, 11, 21), used: 'yes', lastUsed: Date.UTC(2026, 10, 20),
}

const write = (name: MessageName, locale: Locale, values: MessageValues): TextMessage | MailMessage => {
  const message = { name, to: { kind: messages[name].channel, address: 'ann@home.example' }, locale, values }
  return messages[name].channel === 'mail' ? renderMail(message, context) : renderText(message, context)
}

test('every message can be written in all four languages, without a hole and without a placeholder left over', () => {
  for (const name of names) {
    const written = new Set<string>()
    for (const locale of locales) {
      const { text } = write(name, locale, sample)
      assert.doesNotMatch(text, /[{}]|undefined|mail\.|\bnull\b|NaN/, `${locale} ${name}: ${text}`)
      written.add(text)
    }
    assert.equal(written.size, locales.length, `${name} says the same in two languages`)
  }
})

test('T-09: every address of a page in every message begins with the configured origin, and nothing is fetched', () => {
  for (const name of names) {
    for (const locale of locales) {
      const message = write(name, locale, sample)
      const whole = 'html' in message ? message.text + message.html : message.text
      for (const [url] of whole.matchAll(/https?:\/\/[^\s"<]*/g)) assert.ok(url.startsWith('https://reset.contoso.example/'), url)
      assert.doesNotMatch(whole, /<(img|link|script|iframe|form)|url\(|src=/i)
    }
  }
})

test('subject and sender name the organisation', () => {
  const mail = write('resetCode', 'en', sample)
  assert.ok('subject' in mail)
  assert.equal(mail.subject, 'Contoso: your code to reset your password')
  assert.deepEqual(mail.from, { name: 'Latchkey on behalf of Contoso', address: 'no-reply@reset.contoso.example' })
  assert.match(mail.html, /<p style="[^"]*font-size:30px[^"]*">1234 5678<\/p>/)
})

const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.constantFrom('\r\nBcc: eve@evil.example', '{{7*7}}', '{name}', '%0a%0d', '<script>alert(1)</script>', '"><img src=x>', '\u202eevil', 'a'.repeat(5_000), "'{x}'", '\n\n-- \n'),
)

test('T-69: whatever a name holds, one line of plain text comes of it, literally and escaped', () => {
  fc.assert(
    fc.property(nasty, fc.constantFrom(...names), fc.constantFrom(...locales), (value, name, locale) => {
      const values = Object.fromEntries(Object.entries(sample).map(([key, one]) => [key, ['name', 'userName', 'actorName', 'appPasswordName', 'place', 'account'].includes(key) ? value : one]))
      const message = write(name, locale, values)
      const clean = write(name, locale, { ...values, ...Object.fromEntries(Object.keys(values).filter(key => values[key] === value).map(key => [key, plainValue(value)])) })
      assert.equal(message.text, clean.text)
      assert.equal(message.text.split('\n').length, write(name, locale, { ...values, ...Object.fromEntries(Object.keys(values).filter(key => values[key] === value).map(key => [key, 'x'])) }).text.split('\n').length)
      if (!('html' in message)) return
      assert.doesNotMatch(message.subject, /\p{Cc}|[\u202a-\u202e]/u)
      assert.doesNotMatch(message.html, /<script|<img|onerror=.*>/i)
    }),
    { numRuns: 300 },
  )
})

test('a name of 5,000 characters is cut to 200', () => {
  assert.equal([...plainValue('ä'.repeat(5_000))].length, 200)
  assert.equal(plainValue('  a\u0000\r\n b\u202e\u200b '), 'a b')
})
