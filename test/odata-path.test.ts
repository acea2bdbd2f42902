// How Graph clients write keys, in every way that stays one address (graph §2.1, T-66).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseKey, rewriteODataPath } from '../src/odata-path.ts'

const rewritten: [string, string][] = [
  ["/v1.0/users('ann@contoso.example')", "/v1.0/users/('ann@contoso.example')"],
  ["/v1.0/users('ann')/memberOf/microsoft.graph.group?$top=1", "/v1.0/users/('ann')/memberOf/group?$top=1"],
  ["/beta/applications(appId='00000000-0000-0000-0000-000000000001')/owners", "/beta/applications/(appId='00000000-0000-0000-0000-000000000001')/owners"],
  ["/v1.0/users(%27O%27%27Brien%23EXT%23@x%27)", "/v1.0/users/('O''Brien%23EXT%23@x')"],
  ['/v1.0/users%28%27ann%27%29/memberOf', "/v1.0/users/('ann')/memberOf"],
  ["/v1.0/users('$x(1)/y@x')/memberOf", "/v1.0/users/('$x(1)%2Fy@x')/memberOf"],
  ['/v1.0/users/delta()', '/v1.0/users/delta'],
  ['/v1.0/users/microsoft.graph.delta()?$select=id', '/v1.0/users/delta?$select=id'],
  ["/V1.0/Users('ann')", "/V1.0/Users/('ann')"],
  ["/beta/reports/x(period='d7')", "/beta/reports/x/(period='d7')"],
]
const alone = [
  "/v1.0/users/O'Brien@x/memberOf", '/v1.0/users/$count', '/v1.0/users?$filter=startswith(displayName,%27A%27)', '/reset(1)', "/api/users('x')", '/v1.0', '/',
  'http://elsewhere.example/v1.0/users(1)', '/v1.0/users/microsoft.graph.bo@contoso.example', '/v1.0/users/microsoft.graph.', "/v1.0/users('open", '/v1.0/users(', '*',
]

test('keys and arguments become segments of their own, and nothing else does', () => {
  for (const [from, to] of rewritten) assert.equal(rewriteODataPath(from), to)
  for (const url of alone) assert.equal(rewriteODataPath(url), url)
})

test('whatever a key holds, it is one segment and is read back as it was', () => {
  const key = fc.string({ unit: 'binary', maxLength: 60 }).filter(text => text.isWellFormed() && text !== '')
  fc.assert(fc.property(key, fc.boolean(), fc.constantFrom('', 'userPrincipalName='), (text, thorough, name) => {
    const doubled = encodeURIComponent(text.replaceAll("'", "''"))
    const written = thorough ? doubled.replace(/['()]/g, one => `%${one.charCodeAt(0).toString(16)}`) : doubled
    const [open, quote, close] = thorough ? ['%28', '%27', '%29'] : ['(', "'", ')']
    const url = rewriteODataPath(`/v1.0/users${open}${name}${quote}${written}${quote}${close}/memberOf?$top=1`)
    const segments = url.split('?')[0]!.split('/')
    assert.deepEqual([segments.length, segments[2], segments[4]], [5, 'users', 'memberOf'])
    assert.deepEqual([...parseKey(decodeURIComponent(segments[3]!))!], [[name.replace('=', ''), text]])
  }), { numRuns: 500 })
})

test('a name that is a segment as it is stays the segment it is', () => {
  const name = fc.string({ unit: 'binary', maxLength: 40 }).filter(text => text.isWellFormed() && text !== '' && !/[()]/.test(text) && !/^microsoft\.graph\./i.test(text))
  fc.assert(fc.property(name, text => {
    const url = `/v1.0/users/${encodeURIComponent(text)}/memberOf`
    assert.equal(rewriteODataPath(url), url)
  }), { numRuns: 500 })
})

test('only a list that holds nothing is no list', () => {
  const once = rewriteODataPath("/v1.0/x(/()'a/b')")
  assert.equal(rewriteODataPath(once), once)
  assert.equal(rewriteODataPath('/v1.0/users/delta()'), '/v1.0/users/delta')
})

test('any text at all is rewritten without an error, once is as good as twice, and the query is never touched', () => {
  const part = fc.constantFrom('users', '(', ')', "'", '/', '%27', '%28', '%29', '%2F', '%zz', 'microsoft.graph.', 'x', ',', '=', '..', '%', '()')
  const path = fc.oneof(fc.array(part, { maxLength: 14 }).map(parts => parts.join('')), fc.string({ maxLength: 60 })).map(text => text.replaceAll('?', ''))
  fc.assert(fc.property(path, fc.string({ maxLength: 20 }), (text, query) => {
    const once = rewriteODataPath(`/v1.0/${text}?${query}`)
    assert.equal(rewriteODataPath(once), once)
    assert.ok(once.endsWith(`?${query}`) && once.startsWith('/v1.0/'))
    parseKey(text)
  }), { numRuns: 2000 })
})

test('a list names each argument once, in quotes or bare; what is none is nothing', () => {
  assert.deepEqual([...parseKey("(includedUserTypes='all',includedUserRoles='it''s')")!], [['includedUserTypes', 'all'], ['includedUserRoles', "it's"]])
  assert.deepEqual([...parseKey('(period=d7)')!], [['period', 'd7']])
  assert.deepEqual([...parseKey("('')")!], [['', '']])
  assert.deepEqual([...parseKey("(__proto__='x')") ?? []], [], 'no name of ours begins so')
  for (const wrong of ['', '()', '(', ')', "('a", "('a')b", "('a''", "(a='1',a='2')", "('a','b')", "('a',)", "(,)", "('a'b)", 'a', '(a b)', "(='x')"]) {
    assert.equal(parseKey(wrong), undefined, wrong)
  }
})
