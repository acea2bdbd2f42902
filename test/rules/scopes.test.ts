import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readScopes } from '../../src/rules/scopes.ts'

describe('a list of scopes', () => {
  test('sorts what is about signing in from what is about a resource', () => {
    assert.deepEqual(readScopes('openid User.Read  https://graph.microsoft.com/Group.Read.All offline_access api://shop/orders.read'), {
      wellFormed: true, signIn: ['openid', 'offline_access'],
      resources: [
        { identifier: null, names: ['User.Read'], isDefault: false },
        { identifier: 'https://graph.microsoft.com', names: ['Group.Read.All'], isDefault: false },
        { identifier: 'api://shop', names: ['orders.read'], isDefault: false },
      ],
    })
  })

  test('keeps the slash that a resource ends with (oauth §7)', () => {
    assert.deepEqual(readScopes('https://host//.default'), { wellFormed: true, signIn: [], resources: [{ identifier: 'https://host/', names: [], isDefault: true }] })
  })

  test('takes .default without a resource for Graph', () => {
    assert.deepEqual(readScopes('.default openid'), { wellFormed: true, signIn: ['openid'], resources: [{ identifier: null, names: [], isDefault: true }] })
  })

  test('refuses .default beside a permission of the same resource, in either order', () => {
    for (const text of ['https://a/.default https://a/x', 'https://a/x https://a/.default', 'User.Read .default']) assert.equal(readScopes(text).wellFormed, false, text)
    assert.equal(readScopes('https://a/.default https://b/x').wellFormed, true)
  })

  test('refuses a scope that names nothing, and characters that scopes cannot have', () => {
    for (const text of ['/', 'https://a/', '/x', 'a"b', 'a\\b', 'smørrebrød', 'x\tUser.Read', 'x'.repeat(301), Array.from({ length: 101 }, (_, n) => `s${n}`).join(' ')])
      assert.equal(readScopes(text).wellFormed, false, text.slice(0, 40))
  })

  test('never names anything that was not written', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('openid', 'email', 'User.Read', 'https://a/x', 'https://a/y', 'api://b/.default', '.default', 'profile')), words => {
      const wish = readScopes(words.join(' '))
      if (!wish.wellFormed) return
      const written = [...wish.signIn, ...wish.resources.flatMap(one => (one.isDefault ? ['.default'] : one.names).map(name => (one.identifier === null ? name : `${one.identifier}/${name}`)))]
      assert.deepEqual(written.toSorted(), [...new Set(words)].toSorted())
    }))
  })
})
