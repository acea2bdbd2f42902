import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { continueTarget } from '../../src/signin/continue-target.ts'

const origin = 'https://reset.contoso.example'
const evil = 'evil.example'

/** Two hundred ways to lead elsewhere: every trick of the front, crossed with what may follow it (T-34). */
const fronts = [
  '//', '///', '////', '/\\', '\\/', '\\\\', '/\\/', '//\\', '\\', '/%5c', '/%5C', '%5c%5c', '/%2f', '/%2F', '%2f%2f', '/%2f%2f', '/./\\', '/.//', '/..//', '/../\\',
  '/%09/', '/\t/', '\t//', ' //', '//\t', '/\n/', '/\r/', '\r\n//', '/\0/', '/%00/', '/%0d%0a/', 'http://', 'https://', 'HTTPS://', 'https:', 'https:/', 'https:///',
  'http:\\\\', 'javascript:', 'JavaScript://', 'java\nscript:', 'data:', 'vbscript:', 'file:///', 'ftp://', 'blob:', 'about:', '@', '/@', '//@', 'https://reset.contoso.example@',
  'https://reset.contoso.example.', '//reset.contoso.example@', '//reset.contoso.example:443@', '?//', '#//', '.', '..//', ':', '/:', '//[::1]@', '/;//', '/ //', '/%20//', '/\u2028/',
  '/\uff0f', '\uff0f\uff0f', '/\u3002', '//%65', '/a//', '/a/..//',
]
const tails = [evil, `${evil}/path?x=1`, `${evil}:443/`]
const corpus = fronts.flatMap(front => tails.map(tail => front + tail))

describe('where signing in goes on (T-34)', () => {
  it('leads nowhere else for 200 strings that try to', () => {
    assert.ok(corpus.length >= 200, String(corpus.length))
    for (const text of corpus) {
      const target = continueTarget(origin, text)
      if (target === undefined) continue
      const url = new URL(target, origin)
      assert.equal(url.origin, origin, text)
      assert.ok(target.startsWith('/') && !target.startsWith('//') && !target.includes('\\'), text)
    }
  })

  it('refuses nearly all of them outright; what is left is a harmless path here', () => {
    const kept = corpus.filter(text => continueTarget(origin, text) !== undefined)
    assert.deepEqual(kept.map(text => text.replace(/evil\.example.*/, '…')).filter((one, at, all) => all.indexOf(one) === at), ['/@…', '/:…'])
  })

  it('keeps pages of ours with their query', () => {
    for (const text of ['/security-info', '/security-info/add?x=1&y=%2Fz', '/changepassword', '/', '/signin/again?continue=%2Fsecurity-info', '/help?q=a%20b']) {
      assert.equal(continueTarget(origin, text), text)
    }
  })

  it('drops what a browser would not send to us anyway', () => {
    assert.equal(continueTarget(origin, '/security-info#top'), '/security-info')
  })

  it('never turns in circles: no page of signing in or out, no program’s address', () => {
    for (const text of ['/signin', '/SignIn?x=1', '/signin/continue', '/signout', '/api/signin', '/assets/x.js']) assert.equal(continueTarget(origin, text), undefined, text)
  })

  it('refuses nothing, the empty and the endless', () => {
    for (const text of [undefined, '', ' ', 'security-info', '?x', `/${'a'.repeat(2000)}`]) assert.equal(continueTarget(origin, text), undefined)
  })

  it('never leads elsewhere, whatever is written', () => {
    const pieces = fc.constantFrom('/', '\\', '%2f', '%5c', '.', '..', evil, ':', '@', '?', '#', ';', '\t', '\n', ' ', 'https:', 'a', '%09', '%00', '\u2029')
    fc.assert(fc.property(fc.array(pieces, { maxLength: 12 }), fc.string({ unit: 'binary' }), (parts, noise) => {
      for (const text of [parts.join(''), `/${parts.join('')}`, noise, `/${noise}`]) {
        const target = continueTarget(origin, text)
        if (target !== undefined) assert.equal(new URL(target, origin).origin, origin)
      }
    }), { numRuns: 2000 })
  })
})
