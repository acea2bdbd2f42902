/** Browsers that are signed in, for the tests of this room. */
import { TOTP } from 'otpauth'
import type { Browser, Reply } from '../support/browse.ts'
import type { TestApp } from '../support/make-app.ts'
import type { Person } from '../support/people.ts'

/** A base32 seed; people of the tests who have an authenticator app have this one. */
export const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

export const appCode = (test: TestApp, secret = seed): string => new TOTP({ secret }).generate({ timestamp: test.clock.now() })

/** Name and password; follows redirects to wherever sign-in leads. */
export async function signIn(browser: Browser, person: Pick<Person, 'userPrincipalName' | 'password'>, continueTo?: string): Promise<Reply> {
  await browser.get('/signin')
  return browser.post('/signin', { userName: person.userPrincipalName, password: person.password, ...(continueTo ? { continue: continueTo } : {}) })
}

/** The same and the code of an app, when sign-in asks for it. */
export async function signInWithApp(test: TestApp, browser: Browser, person: Pick<Person, 'userPrincipalName' | 'password'>): Promise<Reply> {
  const reply = await signIn(browser, person)
  if (!browser.path.startsWith('/signin/second-factor')) return reply
  await test.clock.advance(30_000) // a step of the app counts once
  const methodId = /name="methodId" value="([^"]+)"/.exec(browser.page)?.[1]
  return browser.post('/signin/second-factor', { ...(methodId ? { methodId } : {}), code: appCode(test) })
}

/** A new browser, signed in. */
export async function signedIn(test: TestApp, person: Person, how: { language?: string; address?: string } = {}): Promise<Browser> {
  const browser = test.browser(how)
  await signInWithApp(test, browser, person)
  if (!browser.cookies.has('__Host-latchkey-session')) throw new Error(`not signed in: ${browser.path}`)
  return browser
}

/** Codes of the reasons a page shows. */
export const shownCodes = (page: string): string[] => [...page.matchAll(/data-code="([^"]+)"/g)].map(found => found[1]!)

/** What can be read on a page: without tags, blanks in one. */
export const textOf = (page: string): string => page.replace(/<(script|style|head)[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')

/** Activities in the audit log, oldest first. */
export async function auditOf(test: TestApp, userId: string): Promise<string[]> {
  const rows = await test.app.db.selectFrom('audit').select(['activity', 'result']).where('targetId', '=', userId).orderBy('sequence').execute()
  return rows.map(row => (row.result === 'success' ? row.activity : `${row.activity}: ${row.result}`))
}
