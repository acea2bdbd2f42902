// What stands between an accepted request to `/authorize` and its answer: computed anew from facts at each look and never remembered
// as a step, so that a closed tab strands nobody. The same list answers `prompt=none`, where nobody may be asked anything.
import type { AcceptedRequest } from './authorize-checks.ts'

export interface SessionFacts {
  createdAt: number
  /** The newest proof of its owner. */
  provedAt: number
  /** In the tenant the request is for. */
  isOfTenant: boolean
  /** Its owner is who `login_hint` names, or it names nobody. */
  isHinted: boolean
  /** A new password or a second factor is due, of which this session knows nothing yet. */
  interrupted: boolean
  /** The program could do what a browser needs a fresh proof for, and the session's is old (N-STEP). */
  proofIsOld: boolean
  /** Assigned to the program, or the program asks for no assignment. */
  assigned: boolean
  /** The owner said "this account" when asked. */
  chosen: boolean
}

export interface ConsentFacts {
  /** Something is wanted that was not agreed to yet. */
  missing: boolean
  /** The person may agree to it without an administrator. */
  mayConsent: boolean
  /** Agreed to on our page for this very request. */
  agreedNow: boolean
}

export interface StepFacts {
  request: Pick<AcceptedRequest, 'prompt' | 'maxAge'>
  /** When the request came. */
  askedAt: number
  now: number
  session: SessionFacts | undefined
  consent: ConsentFacts
}

export type AuthorizeStep =
  /** At the sign-in page, `again` even though there is a session. */
  | { step: 'signIn'; again: boolean }
  /** With the session there is, once more. */
  | { step: 'proveAgain' }
  | { step: 'chooseAccount' }
  | { step: 'notAssigned' }
  | { step: 'consent' }
  | { step: 'askAdministrator' }
  | { step: 'done' }

/** What `prompt=none` is answered with in place of a step: an AADSTS code, under the class that OpenID Connect has for it. */
export interface SilentNo {
  code: 50058 | 50125 | 50105 | 65001
  error: 'login_required' | 'interaction_required' | 'consent_required'
}

const login: SilentNo = { code: 50058, error: 'login_required' }
const interrupted: SilentNo = { code: 50125, error: 'interaction_required' }
const unassigned: SilentNo = { code: 50105, error: 'interaction_required' }
const consent: SilentNo = { code: 65001, error: 'consent_required' }

interface Row {
  name: string
  due(facts: StepFacts): boolean
  step: Exclude<AuthorizeStep, { step: 'done' }>
  silently: SilentNo
}

/** Signed in after the request came: whoever that is now, they were asked. */
const isFresh = ({ session, askedAt }: StepFacts): boolean => session!.createdAt >= askedAt

const rows: readonly Row[] = [
  { name: 'nobody is signed in', due: ({ session }) => session === undefined, step: { step: 'signIn', again: false }, silently: login },
  { name: 'somebody of another organisation', due: ({ session }) => !session!.isOfTenant, step: { step: 'signIn', again: true }, silently: login },
  { name: 'prompt=login', due: facts => facts.request.prompt === 'login' && !isFresh(facts), step: { step: 'signIn', again: true }, silently: login },
  {
    name: 'the sign-in is older than max_age',
    due: facts => facts.request.maxAge !== null && !isFresh(facts) && facts.now - facts.session!.provedAt > facts.request.maxAge * 1000,
    step: { step: 'signIn', again: true }, silently: login,
  },
  {
    name: 'somebody else than login_hint says',
    due: facts => !facts.session!.isHinted && !isFresh(facts) && !facts.session!.chosen,
    step: { step: 'signIn', again: true }, silently: login,
  },
  {
    name: 'prompt=select_account', due: facts => facts.request.prompt === 'select_account' && !isFresh(facts) && !facts.session!.chosen,
    step: { step: 'chooseAccount' }, silently: login,
  },
  { name: 'an interrupt is due', due: ({ session }) => session!.interrupted, step: { step: 'signIn', again: true }, silently: interrupted },
  { name: 'not assigned', due: ({ session }) => !session!.assigned, step: { step: 'notAssigned' }, silently: unassigned },
  { name: 'the proof is old', due: ({ session }) => session!.proofIsOld, step: { step: 'proveAgain' }, silently: login },
  {
    name: 'an administrator must consent', due: ({ consent }) => consent.missing && !consent.mayConsent,
    step: { step: 'askAdministrator' }, silently: consent,
  },
  {
    name: 'consent', due: ({ request, consent }) => consent.missing || (request.prompt === 'consent' && !consent.agreedNow),
    step: { step: 'consent' }, silently: consent,
  },
]

/** The next thing due, and what is answered in its place when nobody may be asked. */
export function nextAuthorizeStep(facts: StepFacts): { next: AuthorizeStep; silently: SilentNo | null } {
  const row = rows.find(one => one.due(facts))
  return row ? { next: row.step, silently: row.silently } : { next: { step: 'done' }, silently: null }
}
