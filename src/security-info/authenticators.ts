/**
 * Authenticator apps (sspr §4.1): a seed is shown once as picture and key, and kept only when a code made from it comes back.
 * Until then it travels, sealed, in the form: nothing is stored for those who turn back, and the seal binds it to this person's
 * session and to fifteen minutes.
 */
import type { App } from '../app.ts'
import { addMethod } from '../credentials/methods.ts'
import { newTotpSecret, totpStep, totpUri } from '../credentials/totp.ts'
import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { AuthenticatorKind } from './kinds.ts'
import { noteIfComplete } from './completion.ts'
import { countingFailure } from './failed-registration.ts'
import { requireOffer } from './list-methods.ts'
import { requirePassForFirst } from './visit.ts'
import type { Visit } from './visit.ts'
import { addProof } from './wizard.ts'

export interface BegunAuthenticator {
  registration: string
  uri: string
  /** In groups of four. */
  setupKey: string
  account: string
}

const begunFor = 15 * 60_000
const stepSeconds = 30

/** A new seed, not stored yet. */
export async function beginAuthenticator(app: App, visit: Visit, kind: AuthenticatorKind): Promise<BegunAuthenticator> {
  requirePassForFirst(visit)
  requireOffer(visit, kind)
  const seed = newTotpSecret().reveal()
  const registration = await app.keys.sealText(placeOf(visit, kind), `${app.now()} ${seed}`)
  return shown(visit, seed, registration)
}

/** The same seed again, for the same page again. */
export async function resumeAuthenticator(app: App, visit: Visit, kind: AuthenticatorKind, registration: string): Promise<BegunAuthenticator> {
  const seed = await open(app, visit, kind, registration).catch(error => {
    if (error instanceof Refusal) return undefined
    throw error
  })
  return seed === undefined ? beginAuthenticator(app, visit, kind) : shown(visit, seed.reveal(), registration)
}

interface Confirmation {
  kind: AuthenticatorKind
  registration: string
  code: string
  displayName?: string
}

/**
 * Keeps the app when the code is right; the step it was made for is spent by that, so it does not open anything else (T-05).
 * @throws Refusal 422 LK_CODE_WRONG, 422 LK_CODE_EXPIRED, and the reasons of the offer
 */
export function confirmAuthenticator(app: App, visit: Visit, given: Confirmation): Promise<string> {
  return countingFailure(app, visit, given.kind, () => confirm(app, visit, given))
}

async function confirm(app: App, visit: Visit, { kind, registration, code, displayName = '' }: Confirmation): Promise<string> {
  requirePassForFirst(visit)
  requireOffer(visit, kind)
  const seed = await open(app, visit, kind, registration)
  const step = totpStep(seed, code, app.now(), stepSeconds)
  if (step === undefined) throw refused('LK_CODE_WRONG', 'code')
  const { tenantId, userId, actor, correlationId } = visit
  return app.db.transaction().execute(async trx => {
    const id = await addMethod({ ...app, db: trx }, {
      tenantId, userId, kind, value: seed, displayName: nameOf(displayName), oathStepSeconds: stepSeconds, lastStep: step, origin: 'self', verified: true,
      actor, correlationId,
    })
    await addProof(trx, visit, 'totp', app.now())
    await noteIfComplete(app, trx, visit)
    return id
  })
}

/** What its owner calls it: control and direction characters stay out (T-68), 64 characters at most. */
function nameOf(typed: string): string | null {
  const plain = typed.normalize('NFC').replace(/[\p{Cc}\p{Cf}]/gu, '').trim()
  return [...plain].slice(0, 64).join('') || null
}

async function open(app: App, visit: Visit, kind: AuthenticatorKind, registration: string): Promise<Secret> {
  const text = await app.keys.openText(placeOf(visit, kind), registration).catch(() => undefined)
  const [at, seed] = text?.split(' ') ?? []
  if (!at || !seed || app.now() - Number(at) > begunFor) throw refused('LK_CODE_EXPIRED', 'code')
  return new Secret(seed)
}

/** The seal's place names the session, so that a form from another browser or another person does not open. */
const placeOf = (visit: Visit, kind: AuthenticatorKind) =>
  ({ tenantId: visit.tenantId, table: 'authenticationMethods', column: `begun.${kind}`, rowId: `${visit.userId} ${visit.transactionId}` })

function shown(visit: Visit, seed: string, registration: string): BegunAuthenticator {
  const { subject, tenant } = visit.facts
  const uri = totpUri(new Secret(seed), subject.userPrincipalName, tenant.displayName).reveal()
  return { registration, uri, setupKey: seed.match(/.{1,4}/g)!.join(' '), account: subject.userPrincipalName }
}

const refused = (code: ReasonCode, field?: string) => new Refusal(422, [reason(code)], { field })
