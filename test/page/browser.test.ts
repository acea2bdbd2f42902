import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import Fastify from 'fastify'
import type { Server } from '../../src/access.ts'
import { assetRoutes } from '../../src/page/assets.ts'
import { renderPage } from '../../src/page/send-page.ts'
import type { Locale } from '../../src/text.ts'
import { axe, launch, overflows, problemsOf, screenshot, transferred } from '../support/browser.ts'
import type { TestBrowser } from '../support/browser.ts'
import { gallery, testContext } from './gallery.tsx'

// LD-58, as the hall sets it; here so that the kit is tried under it on its own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'"

describe('the pages in a browser', () => {
  let browser: TestBrowser
  let origin: string
  let renewed = 0
  const fastify = Fastify() as unknown as Server
  const web = createServer((request, response) => fastify.routing(request, response))

  before(async () => {
    assetRoutes(fastify)
    fastify.get<{ Params: { name: string }; Querystring: { mkt?: Locale } }>('/:name', { config: { access: 'public' } }, (request, reply) => {
      if (request.params.name === 'waiting' && ++renewed > 1) return reply.redirect('/form', 303)
      const page = gallery[request.params.name === 'waiting' ? 'choice' : request.params.name]
      if (!page) return reply.code(404).send()
      const html = renderPage(page(testContext(request.query.mkt ?? 'en', { query: request.url.split('?')[1] ?? '' })))
      return reply.type('text/html').header('content-security-policy', policy).send(request.params.name === 'waiting' ? html.replace('data-refresh="30"', 'data-refresh="1"') : html)
    })
    await fastify.ready()
    await new Promise<void>(done => web.listen(0, '127.0.0.1', done))
    origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    web.close()
    await fastify.close()
  })

  for (const name of Object.keys(gallery)) {
    for (const dark of [false, true]) {
      it(`axe finds nothing on "${name}" ${dark ? 'dark' : 'light'}, narrow or wide, and nothing overflows`, async () => {
        for (const width of [320, 1280]) {
          const page = await browser.newPage({ width, dark, baseURL: origin })
          await page.goto(`/${name}`)
          await screenshot(page, `gallery-${name}-${dark ? 'dark' : 'light'}-${width}`)
          assert.deepEqual(await axe(page), [])
          assert.equal(await overflows(page), false, `${name} at ${width}`)
          assert.deepEqual(problemsOf(page), [])
          await page.context().close()
        }
      })
    }
  }

  it('every page is under 20 kB with everything it loads, as transferred', async () => {
    for (const name of Object.keys(gallery)) {
      for (const locale of ['en', 'lv'] as const) {
        const page = await browser.newPage({ baseURL: origin })
        const bytes = await transferred(page, `/${name}?mkt=${locale}`)
        assert.ok(bytes > 3000 && bytes < 20_000, `${name} in ${locale}: ${bytes} bytes`)
        await page.context().close()
      }
    }
  })

  it('the notice of what went wrong has the focus, with script and without', async () => {
    for (const script of [true, false]) {
      const page = await browser.newPage({ baseURL: origin, script })
      await page.goto('/wrong')
      assert.equal(await page.locator('.notice.error:focus').count(), 1)
      await page.context().close()
    }
  })

  it('a password can be shown and is hidden again', async () => {
    const page = await browser.newPage({ baseURL: origin })
    await page.goto('/form')
    await page.getByLabel('Password', { exact: true }).fill('correct horse')
    await page.getByRole('button', { name: 'Show password' }).click()
    assert.equal(await page.locator('#password').getAttribute('type'), 'text')
    await page.getByRole('button', { name: 'Show password' }).click()
    assert.equal(await page.locator('#password').getAttribute('type'), 'password')
    await page.context().close()
  })

  it('a pasted code loses its blanks and dashes', async () => {
    const page = await browser.newPage({ baseURL: origin })
    await page.goto('/choice')
    await page.locator('#code').focus()
    await page.evaluate(`
      const pasted = new DataTransfer(); pasted.setData('text', ' 1234-56 78\\n')
      document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: pasted, bubbles: true, cancelable: true }))`)
    assert.equal(await page.locator('#code').inputValue(), '12345678')
    await page.context().close()
  })

  it('asking for a new code waits, and says how long', async () => {
    const page = await browser.newPage({ baseURL: origin })
    await page.clock.install()
    await page.goto('/choice')
    const again = page.locator('button[name=again]')
    assert.match(await again.innerText(), /New code in (30|29) s/)
    assert.equal(await again.isDisabled(), true)
    await page.clock.runFor(31_000)
    assert.equal(await again.innerText(), 'Send a new code')
    assert.equal(await again.isDisabled(), false)
    await page.context().close()
  })

  it('two quick presses send one form', async () => {
    const page = await browser.newPage({ baseURL: origin })
    let sent = 0
    await page.route('**/form', route => (route.request().method() === 'POST' ? (sent++, undefined) : route.continue()))
    await page.goto('/form')
    await page.evaluate(`const form = document.querySelector('main form'); form.requestSubmit(); form.requestSubmit(); form.requestSubmit()`)
    await page.waitForTimeout(200)
    assert.equal(sent, 1)
    await page.context().close()
  })

  it('a page that waits renews itself until there is another', async () => {
    renewed = 0
    const page = await browser.newPage({ baseURL: origin })
    await page.goto('/waiting')
    await page.waitForURL('**/form', { timeout: 15_000 })
    await page.context().close()
  })

  it('the whole form can be filled in with the keyboard alone', async () => {
    const page = await browser.newPage({ baseURL: origin, script: false })
    await page.goto('/form')
    const seen: string[] = []
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab')
      seen.push(await page.evaluate(`document.activeElement.id || document.activeElement.textContent.trim()`) as string)
    }
    assert.deepEqual(seen.slice(0, 6), ['Skip to the content', 'Contoso', 'userName', 'password', 'Sign in', 'I forgot my password'])
    await page.context().close()
  })
})
