/** What the source itself promises: defences stand below the doors, statements are never built of text, patterns are never slow. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const src = join(import.meta.dirname, '..', '..', 'src')
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => /\.(tsx?|js)$/.test(name)).map(name => ({ name, text: readFileSync(join(src, name), 'utf8') }))
const withDoors = /^(reset|signin|security-info|directory|applications|reports|oauth|diagnosis|help)\//
const matching = (pattern: RegExp, where: (name: string) => boolean = () => true) => files.filter(file => where(file.name) && pattern.test(file.text)).map(file => file.name).toSorted()

test('T-83: no room with a door compares a password or a code, or writes a table, by itself', () => {
  assert.ok(files.length > 250)
  const here = (name: string) => withDoors.test(name)
  assert.deepEqual(matching(/\b(matchesHash|argon2|otpauth|timingSafeEqual|takeTry|consume[A-Z]\w*)\b/, here), [])
  assert.deepEqual(matching(/\.(insertInto|updateTable|deleteFrom|replaceInto|mergeInto)\(/, here), [])
  // A user who is being made has no password yet; the flags of "must change" are none.
  assert.deepEqual(matching(/store\/passwords\.ts'/, here), ['directory/update-user.ts', 'directory/user-writes.ts'])
  assert.deepEqual(matching(/\bhashPassword\b/, here), ['directory/user-writes.ts'])
})

test('T-83: a new password is saved in one place, and compared in one place', () => {
  const saves = matching(/\bsavePassword\(/, name => !/^(store|operator|development)\//.test(name))
  assert.deepEqual(saves, ['credentials/set-password.ts', 'directory/user-writes.ts'])
  assert.deepEqual(matching(/\bmatchesHash\(/, name => name !== 'credentials/hash-password.ts'), [
    'credentials/answers.ts', 'credentials/app-passwords.ts', 'credentials/set-password.ts', 'credentials/temporary-access-pass.ts', 'credentials/verify-password.ts',
  ])
})

test('T-64: no statement is built of text: raw SQL stands in migrations and in the guards of PostgreSQL only', () => {
  const beside = (name: string) => !name.startsWith('store/migrations/')
  assert.deepEqual(matching(/\bsql\.raw\(|CompiledQuery\.raw\(/, beside), ['store/postgres-guards.ts'])
  // Both run what Kysely has built.
  assert.deepEqual(matching(/\.executeQuery\(/, beside), ['store/insert-many.ts', 'store/prepared.ts'])
  assert.deepEqual(matching(/\bsql`/, name => withDoors.test(name)), [])
})

test('T-70: the program opens connections of its own to the configured mail server, gateway and database, and to nothing else', () => {
  const reaching = /\bfetch\(|createTransport\(|\brequestHttps?\b|https?\.(request|get)\(|\b(net|tls)\.connect\(|new (WebSocket|EventSource)\(|new (pg\.)?(Client|Pool)\(|from 'node:(dns|dgram|http2)/
  assert.deepEqual(matching(reaching, name => !/^(cli|page)\//.test(name)), ['notify/sms-http.ts', 'notify/smtp.ts', 'operator/ready.ts', 'store/postgres.ts'])
  const gateway = files.find(one => one.name === 'notify/sms-http.ts')!.text
  assert.match(gateway, /redirect: 'error'/)
  assert.match(gateway, /AbortSignal\.timeout/)
})

test('T-33: no page is put together from markup in text, and no script runs text', () => {
  assert.deepEqual(matching(/dangerouslySetInnerHTML|\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function\(/), [])
})

test('T-66: no pattern of ours repeats what repeats, so none takes longer than its text is long', () => {
  const found = files.filter(file => !file.name.endsWith('.js')).flatMap(file => patternsOf(file.text).map(pattern => ({ name: file.name, pattern })))
  assert.ok(found.length > 100, `${found.length} patterns`)
  // The parts of an address: each repetition begins with the dot that the one before it cannot hold, so there is one way to read it.
  const looked = ['rules/contact-data.ts: ^[^\\s@<>(),;:"\\\\]{1,64}@[^\\s@<>(),;:"\\\\.]+(\\.[^\\s@<>(),;:"\\\\.]+)+$']
  assert.deepEqual(found.filter(one => nests(one.pattern)).map(one => `${one.name}: ${one.pattern}`), looked)
  for (const bad of ['(a+)+', '(?:a*b?)*', '([a-z]+\\s?)+$', '(x{2,})*', '((ab)+c)+']) assert.ok(nests(bad), `the check sees ${bad}`)
  for (const good of ['a+b+', '(?:ab)+', '[+*]+(a)', '(a{1,3})+', '\\(a+\\)+']) assert.ok(!nests(good), good)
})

/** Regular expressions as literals, and as text of `new RegExp` or of a schema's `pattern`. */
function patternsOf(text: string): string[] {
  const literals = [...text.matchAll(/(?:[=(,:!&|?[{;]|=>|return)\s*\/((?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/[dgimsuvy]*/g)].map(match => match[1]!)
  const named = [...text.matchAll(/(?:new RegExp\(|pattern: )(['`])((?:\\.|(?!\1).)*)\1/g)].map(match => match[2]!.replaceAll('\\\\', '\\'))
  return [...literals, ...named]
}

/** True when a group that holds something without an upper bound is itself repeated without one. */
function nests(pattern: string): boolean {
  const open: boolean[] = [false]
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!
    if (character === '\\') at++
    else if (character === '[') at = endOfClass(pattern, at)
    else if (character === '(') open.push(false)
    else if (character === ')') {
      const inner = open.pop()!
      const repeated = isUnbounded(pattern, at + 1)
      if (inner && repeated) return true
      open[open.length - 1] ||= inner || repeated
    } else if (isUnbounded(pattern, at)) open[open.length - 1] = true
  }
  return false
}

const isUnbounded = (pattern: string, at: number): boolean => /^(?:[*+]|\{\d+,\})/.test(pattern.slice(at))

function endOfClass(pattern: string, start: number): number {
  let at = start + 1
  while (at < pattern.length && pattern[at] !== ']') at += pattern[at] === '\\' ? 2 : 1
  return at
}
