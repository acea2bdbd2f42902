import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson, parsePairs } from '../src/bodies.ts'
import { Refusal } from '../src/refusal.ts'

const refusedAt = (field: string) => (error: unknown) => error instanceof Refusal && error.status === 400 && error.field === field

test('an empty body is no body, since some requests may have none', () => {
  assert.equal(parseJson(''), undefined)
})

test('broken JSON is refused and named as the body', () => {
  for (const text of ['{', '{"a":}', "{'a':1}", 'undefined', '[1,]']) assert.throws(() => parseJson(text), refusedAt('body'), text)
})

test('a key given twice is refused by its name, however it is written and however deep (T-08)', () => {
  assert.throws(() => parseJson('{"email":"a@x","email":"b@y"}'), refusedAt('email'))
  assert.throws(() => parseJson('{"email":1,"\\u0065mail":2}'), refusedAt('email'))
  assert.throws(() => parseJson('{"a":[{"to":1,"to" :2}]}'), refusedAt('to'))
})

test('the same key in different objects, and as a value, is fine', () => {
  assert.deepEqual(parseJson('{"a":{"b":1},"c":{"b":"a"},"d":["b","b"]}'), { a: { b: 1 }, c: { b: 'a' }, d: ['b', 'b'] })
})

test('keys that reach into prototypes are refused (T-67)', () => {
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    assert.throws(() => parseJson(`{"a":{"${key}":{"polluted":true}}}`), refusedAt(key))
    assert.throws(() => parsePairs(`${key}=1`), refusedAt(key))
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('a NUL in a text is refused, for not every database can keep one; written as text it is text (T-64)', () => {
  for (const text of ['{"a":"\\u0000"}', '["x\\u0000y"]', '{"\\u0000":1}']) assert.throws(() => parseJson(text), refusedAt('body'), text)
  assert.deepEqual(parseJson('{"a":"\\\\u0000"}'), { a: '\\u0000' })
  assert.throws(() => parsePairs('name=a%00b'), refusedAt('name'))
})

test('nesting beyond twenty levels is refused (T-63)', () => {
  assert.doesNotThrow(() => parseJson('['.repeat(20) + ']'.repeat(20)))
  assert.throws(() => parseJson('['.repeat(21) + ']'.repeat(21)), refusedAt('body'))
})

test('any JSON without repeated or poisonous keys is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), value => {
      const text = JSON.stringify(value)
      if (/__proto__|constructor|prototype|\\u0000/.test(text)) return
      assert.deepEqual(parseJson(text), JSON.parse(text))
    }),
  )
})

test('a field given twice in a form or a query string is refused by its name', () => {
  assert.throws(() => parsePairs('user=a&user=b'), refusedAt('user'))
  assert.throws(() => parsePairs('user=a&%75ser=b'), refusedAt('user'))
})

test('a form is a flat record without a prototype', () => {
  const form = parsePairs('toString=1&name=%C3%86sa+%C5%A0%C4%8D')
  assert.equal(Object.getPrototypeOf(form), null)
  assert.equal(form['name'], 'Æsa Šč')
  assert.equal(form['toString'], '1')
})

test('more than two hundred fields are refused', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `f${index}=1`).join('&')
  assert.doesNotThrow(() => parsePairs(many(200)))
  assert.throws(() => parsePairs(many(201)), Refusal)
})
