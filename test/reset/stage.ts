/** The stage on which the reset's tests play: a tenant whose policy lets everybody reset, and the steps people take. */
import assert from 'node:assert/strict'
import type { App } from '../../src/app.ts'
import { Secret } from '../../src/secret.ts'
import { matchesHash } from '../../src/credentials/hash-password.ts'
import type { Browser, Reply } from '../support/browse.ts'
import { codeIn } from '../support/capture.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person } from '../support/people.ts'

export const engines = ['sqlite', 'postgres'] as const
export const minute = 60_000

export interface PolicyOptions {
  disclosure?: 'private' | 'standard'
  gates?: 1 | 2
  /** Text and app are on beside mail when not said otherwise. */
  methods?: Partial<Record<'email' | 'mobile' | 'app' | 'questions', boolean>>
  stepUp?: boolean
}

/** Everybody may reset; the methods are those of the users' policy alone. */
export async function openReset(t: TestApp, options: PolicyOptions = {}): Promise<void> {
  const { disclosure = 'private', gates = 1, methods = {}, stepUp = false } = options
  await changePolicy(t.app, t.tenantId, 'tenantSettings', { disclosure, stepUpRecovery: stepUp })
  await changePolicy(t.app, t.tenantId, 'authenticationMethodsPolicy', { policyMigrationState: 'preMigration' })
  await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', {
    enablementType: 2, numberOfAuthenticationMethodsRequired: gates, emailOptionEnabled: methods.email ?? true, mobilePhoneOptionEnabled: methods.mobile ?? true,
    mobileAppCodeEnabled: methods.app ?? true, securityQuestionsOptionEnabled: methods.questions ?? false,
    securityQuestions: ['sq.first.car', 'sq.first.pet', 'sq.childhood.toy', 'sq.childhood.food', 'sq.childhood.hero'].map(id => ({ id, text: null })),
  })
}

/** Whether this is somebody's password now, asked of the hash itself. */
export async function isPassword(app: App, person: Person, password: string): Promise<boolean> {
  const row = await app.db.selectFrom('passwords').select('hash').where('tenantId', '=', person.tenantId).where('userId', '=', person.id).executeTakeFirst()
  return matchesHash(app, row?.hash ?? null, new Secret(password))
}

/** What the page says under its heading, tags taken out; for looking at what went wrong. */
export const textOf = (html: string): string => html.replace(/<(script|head)[\s\S]*?<\/\1>/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').trim()
export const titleOf = (html: string): string => /<h1>([^<]*)<\/h1>/.exec(html)?.[1] ?? textOf(html).slice(0, 200)
export const codesOn = (html: string): string[] => [...html.matchAll(/data-code="([^"]+)"/g)].map(match => match[1]!)

let visitors = 1

/** One person at one browser, step by step; every step says where it must lead. */
export class Visitor {
  readonly t: TestApp
  readonly browser: Browser

  constructor(t: TestApp, how: { address?: string; language?: string } = {}) {
    this.t = t
    // Everybody comes from somewhere else, or their number alone would look suspicious (T-26).
    this.browser = t.browser({ address: `10.${visitors >> 8}.${visitors++ & 255}.7`, ...how })
  }

  get title(): string {
    return titleOf(this.browser.page)
  }

  get codes(): string[] {
    return codesOn(this.browser.page)
  }

  /** "Who are you?", with the work done where it is asked for. */
  async start(username: string): Promise<Reply> {
    await this.browser.get('/reset')
    return this.browser.post('/reset', { username, ...(await solved(this.browser.page)) })
  }

  /** Chooses a way; what is to be sent has been sent when it returns. */
  async choose(method: string): Promise<Reply> {
    const reply = await this.browser.post('/reset/method', { method })
    await this.t.work()
    return reply
  }

  async number(method: string, number: string): Promise<Reply> {
    const reply = await this.browser.post('/reset/number', { method, number })
    await this.t.work()
    return reply
  }

  async enter(method: string, code: string): Promise<Reply> {
    return this.browser.post('/reset/code', { method, code })
  }

  async newPassword(password: string): Promise<Reply> {
    return this.browser.post('/reset/password', { newPassword: password, confirmPassword: password })
  }

  /** The code of the newest mail to this address. */
  mailed(address: string): string {
    const message = this.t.mail.findLast(one => one.to === address)
    assert.ok(message, `no mail to ${address}`)
    return codeIn(message.text)
  }

  texted(): string {
    return codeIn(this.t.texts.at(-1)!.text)
  }

  reset(): Promise<{ id: string; state: string; refusal: string | null; supportCode: string; userId: string | null; gatesRequired: number | null } | undefined> {
    return this.t.app.db
      .selectFrom('resets')
      .select(['id', 'state', 'refusal', 'supportCode', 'userId', 'gatesRequired', 'startedAt'])
      .orderBy('startedAt', 'desc')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
  }

  /** The reasons kept under the support code on the page. */
  async kept(): Promise<string[]> {
    const supportCode = /<code>([0-9a-f-]{36})<\/code>/.exec(this.browser.page)?.[1]
    assert.ok(supportCode, 'the page shows a support code')
    const row = await this.t.app.db.selectFrom('resets').select('refusal').where('supportCode', '=', supportCode).executeTakeFirstOrThrow()
    return row.refusal === null ? [] : (JSON.parse(row.refusal) as { code: string }[]).map(one => one.code)
  }
}

/** Does the work a page asks for, as its script would. */
export async function solved(page: string): Promise<Record<string, string>> {
  const { createHash } = await import('node:crypto')
  const token = /name="work" value="([^"]+)"/.exec(page)?.[1]
  const puzzle = /data-puzzle="([^"]+)"/.exec(page)?.[1]
  if (!token) return {}
  if (!puzzle) return { work: token }
  const bits = Number(/data-bits="(\d+)"/.exec(page)![1])
  for (let number = 0; ; number++)
    if (Math.clz32(createHash('sha256').update(`${puzzle}.${number}`).digest().readUInt32BE(0)) >= bits) return { work: token, solution: String(number) }
}

export async function auditOf(app: App, tenantId: string, supportCode: string): Promise<string[]> {
  const rows = await app.db.selectFrom('audit').select(['activity', 'result', 'resultReason']).where('tenantId', '=', tenantId).where('correlationId', '=', supportCode).orderBy('sequence').execute()
  return rows.map(row => `${row.activity}: ${row.resultReason ?? row.result}`)
}

export { addPerson, changePolicy }
