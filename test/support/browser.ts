/**
 * A real browser for tests: Chromium from the system, driven through playwright-core, with a throw-away profile.
 * `launch()` once per test file, a page for each look of it, `axe(page)` for accessibility, `screenshot` to see for yourself.
 */
import { readFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Page } from 'playwright-core'

const quiet = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
]

export interface PageOptions {
  /** 320 is the narrowest that must work. */
  width?: number
  height?: number
  dark?: boolean
  /** What the browser says it understands: 'da-DK'. */
  locale?: string
  /** False: no script at all. */
  script?: boolean
  baseURL?: string
}

export interface TestBrowser {
  newPage(options?: PageOptions): Promise<Page>
  close(): Promise<void>
}

const noticed = new WeakMap<Page, string[]>()

/** Starts Chromium. Every page has cookies of its own and accepts the certificates tests make for themselves. */
export async function launch(): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: quiet })
  return {
    newPage: async ({ width = 1280, height = 800, dark = false, locale = 'en-GB', script = true, baseURL } = {}) => {
      const context = await browser.newContext({
        viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', locale, javaScriptEnabled: script, baseURL, ignoreHTTPSErrors: true,
        reducedMotion: 'reduce',
      })
      const page = await context.newPage()
      const problems: string[] = []
      noticed.set(page, problems)
      page.on('pageerror', error => problems.push(`error: ${error.message}`))
      // A page that answers 4xx on purpose is not a problem; a violated policy, a missing file or a thrown error is.
      page.on('console', message => {
        if (message.type() === 'error' && !/status of 4(01|03|09|10|22|29)/.test(message.text())) problems.push(`console: ${message.text()}`)
      })
      page.on('dialog', dialog => {
        problems.push(`dialog: ${dialog.message()}`)
        void dialog.dismiss()
      })
      return page
    },
    close: () => browser.close(),
  }
}

/** What went wrong in this page since it was opened: thrown errors, violations of the content security policy, dialogs. */
export function problemsOf(page: Page): readonly string[] {
  return noticed.get(page) ?? []
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds against WCAG 2.2 A and AA and its own best practices, one line for each place; empty when all is well. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResult> } }
    const result = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    return result.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${one.help} (${node.target.join(' ')}) ${node.failureSummary ?? ''}`))
  })
}

interface AxeResult {
  violations: { id: string; help: string; nodes: { target: string[]; failureSummary?: string }[] }[]
}

/** True when something is wider than the window, so that a person would have to scroll sideways. */
export async function overflows(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth') as Promise<boolean>
}

/** Bytes that came over the wire for this page and everything it loaded (headers not counted). */
export async function transferred(page: Page, path: string): Promise<number> {
  let bytes = 0
  const session = await page.context().newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  session.on('Network.loadingFinished', event => { bytes += event.encodedDataLength })
  await page.goto(path, { waitUntil: 'networkidle' })
  await session.detach()
  return bytes
}

/** The whole page as a picture in the temporary folder; says where. */
export async function screenshot(page: Page, name: string): Promise<string> {
  const folder = join(tmpdir(), 'latchkey-screenshots')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.png`)
  await page.screenshot({ path, fullPage: true })
  return path
}
