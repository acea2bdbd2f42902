/** People at a browser: a session as signing in leaves it, without the pages of signing in. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { cookies } from '../../src/access.ts'
import { insertSession } from '../../src/store/sessions.ts'
import type { TestApp } from '../support/make-app.ts'
import type { Browser, Reply } from '../support/browse.ts'
import type { Person } from '../support/people.ts'

export interface SignedIn {
  browser: Browser
  person: Person
  get(url: string): Promise<Reply>
  post(url: string, body?: unknown): Promise<Reply>
  patch(url: string, body: unknown): Promise<Reply>
  delete(url: string): Promise<Reply>
}

/** Signs somebody in with a password proved `minutesAgo` (0 when not given). */
export async function signedIn(t: TestApp, person: Person, options: { minutesAgo?: number; language?: string } = {}): Promise<SignedIn> {
  const id = randomBytes(32).toString('base64url')
  const now = t.app.now()
  const user = await t.app.db.selectFrom('users').select('credentialEpoch').where('tenantId', '=', person.tenantId).where('id', '=', person.id).executeTakeFirstOrThrow()
  await insertSession(t.app.db, {
    idHash: createHash('sha256').update(id).digest('base64url'), tenantId: person.tenantId, publicId: randomUUID(), userId: person.id, level: 'complete',
    isAdministrator: false, credentialEpoch: user.credentialEpoch, proofs: [{ method: 'password', at: now - (options.minutesAgo ?? 0) * 60_000 }],
    locale: null, continueTo: null, ipAddress: '127.0.0.1', userAgent: 'test',
  }, now)
  const browser = t.browser(options.language === undefined ? {} : { language: options.language })
  browser.cookies.set(cookies.session, id)
  return {
    browser, person,
    get: url => browser.json('GET', url),
    post: (url, body) => browser.json('POST', url, body),
    patch: (url, body) => browser.json('PATCH', url, body),
    delete: url => browser.json('DELETE', url),
  }
}
