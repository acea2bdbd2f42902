import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { accentStyle, assets } from '../../src/page/assets.ts'
import { Choice } from '../../src/page/choice.tsx'
import { CodeField, Field, PasswordField } from '../../src/page/field.tsx'
import { Button, Form } from '../../src/page/form.tsx'
import { Layout } from '../../src/page/layout.tsx'
import { ReasonNotice } from '../../src/page/notice.tsx'
import { renderPage } from '../../src/page/send-page.ts'
import { Steps } from '../../src/page/steps.tsx'
import { makeApp } from '../support/make-app.ts'
import { gallery, testContext } from './gallery.tsx'

const context = testContext()
const render = (part: Parameters<typeof renderPage>[0]) => renderPage(part)

describe('the parts of a page', () => {
  it('write whatever a person is called or types as text, never as markup (T-33)', () => {
    const nasty = fc.array(fc.constantFrom('<', '>', '"', '\'', '&', 'script', '</title>', ' onload=', 'javascript:', '{{', '`', '\u2028', 'a'), { maxLength: 12 }).map(parts => parts.join(''))
    fc.assert(fc.property(nasty, text => {
      const page = render(Layout({
        context: testContext('en', { branding: { displayName: text, textByLocale: { en: text } }, query: new URLSearchParams({ x: text }).toString() }),
        title: text, lead: text, children: [
          Field({ context, name: 'field', label: text, value: text, hint: text, error: text }),
          Choice({ context, name: 'choice', legend: text, options: [{ value: text, label: text, hint: text }] }),
          ReasonNotice({ context, reasons: [{ code: 'LK_FIELD_INVALID', values: { field: text } }], supportCode: text }),
        ],
      }))
      // As many elements as with a harmless text: nothing was opened or closed by what was typed.
      assert.equal(page.match(/</g)!.length, plainCount(text === '' ? '' : 'a'))
      assert.doesNotMatch(page, /<script(?! src="\/assets\/)/)
    }))
  })

  it('put the form’s token into every form that posts, and into none that asks', () => {
    assert.match(render(Form({ context, action: '/x' })), /name="_csrf" value="token-of-this-form"/)
    assert.doesNotMatch(render(Form({ context, action: '/x', method: 'get' })), /_csrf/)
  })

  it('never give a password back', () => {
    assert.doesNotMatch(render(PasswordField({ context, kind: 'new', value: 'secret' })), /secret/)
  })

  it('tie hint and error to their field, and say that it is wrong', () => {
    const html = render(CodeField({ context, hint: 'a hint', error: 'an error' }))
    assert.match(html, /aria-describedby="code-hint code-error"/)
    assert.match(html, /aria-invalid="true"/)
    assert.match(html, /id="code-hint"/)
    assert.match(html, /id="code-error"/)
    assert.doesNotMatch(render(CodeField({ context })), /aria-(describedby|invalid)/)
  })

  it('lead from a reason to what can be done about it, and to the field at fault', () => {
    const html = render(ReasonNotice({ context, reasons: [{ code: 'LK_CODE_WRONG' }], field: 'code' })!)
    assert.match(html, /href="#code"/)
    assert.match(html, /href="\/help#LK_CODE_WRONG"/)
    assert.equal(ReasonNotice({ context, reasons: [] }), null)
  })

  it('say in words where in a row of steps one is', () => {
    assert.match(render(Steps({ context, labels: ['One', 'Two', 'Three'], current: 2 })), /Step 2 of 3: <strong>Two<\/strong>/)
  })

  it('wait on a button only where it is said', () => {
    assert.match(render(Button({ children: 'x', waitSeconds: 30, waitText: 'in {seconds}' })), /data-wait="30" data-wait-text="in \{seconds\}"/)
    assert.doesNotMatch(render(Button({ children: 'x', waitText: 'in {seconds}' })), /data-wait/)
  })

  it('keep the query in the language menu and lead nowhere else (T-34)', () => {
    const html = render(Layout({ context: testContext('en', { path: '//evil.example/x', query: 'continue=%2Fx&mkt=lv&lng=da' }), title: 'T' }))
    assert.match(html, /href="\?mkt=da&amp;continue=%2Fx"/)
    assert.doesNotMatch(html, /evil|lng=|mkt=lv&amp;continue=%2Fx&amp;mkt/)
  })

  it('renew themselves without script where they wait', () => {
    assert.match(render(gallery['choice']!(context)), /<noscript><meta http-equiv="refresh" content="30"\/><\/noscript>/)
    assert.doesNotMatch(render(gallery['form']!(context)), /http-equiv="refresh"/)
  })
})

const plainCount = (text: string): number => {
  const page = render(Layout({
    context: testContext('en', { branding: { displayName: text, textByLocale: { en: text } } }), title: text, lead: text, children: [
      Field({ context, name: 'field', label: text, value: text, hint: text, error: text }),
      Choice({ context, name: 'choice', legend: text, options: [{ value: text, label: text, hint: text }] }),
      ReasonNotice({ context, reasons: [{ code: 'LK_FIELD_INVALID', values: { field: text } }], supportCode: text }),
    ],
  }))
  return page.match(/</g)!.length
}

describe('style sheet, script and icon', () => {
  it('are kept for ever under names that change with them, packed as the browser likes', async () => {
    const test = await makeApp()
    try {
      for (const url of Object.values(assets)) {
        const get = (encoding: string) => test.browser().request({ method: 'GET', url, headers: { 'accept-encoding': encoding } })
        const [br, gzip, plain] = [await get('br, gzip'), await get('gzip'), await get('identity')]
        assert.deepEqual([br, gzip, plain].map(reply => reply.statusCode), [200, 200, 200])
        assert.deepEqual([br, gzip, plain].map(reply => reply.headers['content-encoding']), ['br', 'gzip', undefined])
        assert.equal(br.headers['cache-control'], 'public, max-age=31536000, immutable')
        assert.match(String(br.headers['vary']), /accept-encoding/i)
        assert.ok(br.rawPayload.length < plain.rawPayload.length)
      }
      const unknown = await test.browser().request({ method: 'GET', url: '/assets/latchkey.0000000000.css' })
      assert.equal(unknown.statusCode, 404)
      assert.equal(unknown.headers['cache-control'], 'no-store')
      const page = await test.browser().get('/signin')
      assert.equal(page.headers['cache-control'], 'no-store')
      assert.equal(page.headers['content-language'], 'en')
    } finally {
      await test.close()
    }
  })

  it('take a tenant’s colour if it is one, with letters on it that can be read', async () => {
    assert.equal(accentStyle('#1A2b3c'), '/assets/accent-1a2b3c.css')
    for (const not of [undefined, '', 'red', '#fff', '#1a2b3c;}', 'url(x)', '#gggggg']) assert.equal(accentStyle(not), undefined)
    const test = await makeApp()
    try {
      for (const [digits, letters] of [['ffffff', '#000'], ['000000', '#fff'], ['1f5fbf', '#fff'], ['ffcc00', '#000'], ['777777', '#000']] as const) {
        const { payload } = await test.browser().request({ method: 'GET', url: `/assets/accent-${digits}.css` })
        assert.ok(payload.includes(`--on-fill:${letters}`), `${digits}: ${payload}`)
      }
      assert.equal((await test.browser().request({ method: 'GET', url: '/assets/accent-1a2b3c}.css' })).statusCode, 404)
    } finally {
      await test.close()
    }
  })
})
