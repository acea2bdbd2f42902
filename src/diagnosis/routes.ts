import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import type { Verdict } from '../rules/verdict.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { reasonText } from '../text.ts'
import type { Locale } from '../text.ts'
import { answer } from './answer.ts'
import type { FoundAttempt } from './find-attempt.ts'
import { gapRoutes } from './gap-routes.ts'
import { gatherSnapshot } from './gather-snapshot.ts'
import { mayAsk, mayAskFor, mayReadAttempt, mayReadDeliveries, visibleFindings } from './may-ask.ts'
import { questionIds } from './question.ts'
import type { QuestionId } from './question.ts'
import { questions } from './questions.ts'
import { gapOf } from './readiness.ts'
import type { Gap, Snapshot } from './snapshot.ts'

const nullableString = Type.Union([Type.String(), Type.Null()])
const Remedy = Type.Object({ code: Type.String(), text: Type.String(), link: nullableString })
const VerdictAnswer = Type.Object({ code: Type.String(), message: Type.String(), remedy: Remedy, values: Type.Record(Type.String(), Type.Unknown()) })
const Answer = Type.Object({
  question: Type.String(),
  title: Type.String(),
  checks: Type.Array(Type.Object({
    check: Type.String(), fact: Type.String(), value: Type.String(), evidence: Type.Record(Type.String(), Type.Unknown()), outcome: Type.String(),
    outcomeText: Type.String(), pass: Type.Boolean(), code: Type.String(), remedy: Remedy,
  })),
  verdict: VerdictAnswer,
  contributing: Type.Array(VerdictAnswer),
  attempt: Type.Union([
    Type.Object({
      supportCode: Type.String(), at: Type.String(), state: Type.String(), reasons: Type.Array(Type.Object({ code: Type.String(), message: Type.String() })),
      steps: Type.Array(Type.Object({ at: Type.String(), activity: Type.String(), result: Type.String(), reason: nullableString })),
      deliveries: Type.Array(Type.Object({ at: Type.String(), kind: Type.String(), message: Type.String(), outcome: Type.String(), limit: nullableString })),
    }),
    Type.Null(),
  ]),
  people: Type.Array(Type.Object({
    id: Type.String(), userPrincipalName: Type.String(), displayName: Type.String(), usable: Type.Integer(), required: Type.Integer(),
    missing: Type.Integer(), malformed: Type.Integer(), switchedOff: Type.Integer(),
  })),
  /** More people lack something than are listed; the table has all of them. */
  morePeople: Type.Boolean(),
})

const Body = Type.Object({
  question: Type.Unsafe<QuestionId>(Type.Union(questionIds.map(id => Type.Literal(id)))),
  caller: Type.Optional(Type.String({ maxLength: 64 })),
  target: Type.Optional(Type.String({ minLength: 1, maxLength: 320 })),
  supportCode: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
}, { additionalProperties: false })

/**
 * `POST /api/diagnose`: the checks of a question, one primary verdict, what contributes, remedies with links (sspr §1.2). Never
 * changes anything. 403 with the reason when the caller may not read what the question shows.
 */
export function diagnosisRoutes(server: Server, app: App): void {
  gapRoutes(server, app)
  server.post('/api/diagnose', { config: { access: 'session', surface: 'api' }, schema: { body: Body, response: { 200: Answer } } }, async request => {
    const { tenantId, userId } = userCaller(request)
    const { question: id, caller: callerId = userId, target, supportCode } = request.body
    const asker = await gatherSubject(app.db, await gatherTenantFacts(app.db, tenantId), userId, app.now())
    if (!asker || !mayAskFor(asker, callerId)) throw new Refusal(403, [reason('LK_NOT_ALLOWED')], { field: 'caller' })
    const question = questions[id]
    const seesEveryone = mayAsk(id, asker, null).allowed
    const lacking: Gap[] = []
    let morePeople = false
    // As far as the asker reaches (T-84).
    const noteGap = (gap: Gap, subject: SubjectFacts): void => {
      if (id !== 'D-13' || morePeople || !mayAsk('D-13', asker, subject).allowed) return
      if (lacking.length < mostListed) lacking.push(gap)
      else morePeople = true
    }
    const gathered = await gatherSnapshot(app, question, { tenantId, callerId, target, supportCode, seesEveryone, noteGap })
    refuse(mayAsk(id, asker, gathered.target))
    const snapshot = await readableAttempt(app, asker, gathered, supportCode !== undefined)
    if (supportCode !== undefined && snapshot.attempt === null) throw new Refusal(404, [reason('LK_NOT_FOUND')], { field: 'supportCode' })
    const findings = visibleFindings(id, asker, snapshot.target, question.findings(snapshot))
    if (id === 'D-13' && snapshot.target) noteGap(gapOf(snapshot, snapshot.target), snapshot.target)
    return {
      ...answer(question, snapshot, findings, request.locale), attempt: attemptAnswer(snapshot, request.locale),
      people: lacking.filter(gap => gap.missing > 0).map(({ userId: personId, ...gap }) => ({ id: personId, ...gap })), morePeople,
    }
  })
}

/** How many people an answer lists. */
const mostListed = 1000

/**
 * The snapshot with as much of the attempt as the asker may read. One answer for a code of somebody out of reach and for one that
 * was never given, to those who may read neither (T-84).
 */
async function readableAttempt(app: App, asker: SubjectFacts, snapshot: Snapshot, byCode: boolean): Promise<Snapshot> {
  const { tenant, attempt } = snapshot
  const ownerId = attempt === null ? null : (attempt as FoundAttempt).userId
  const owner = ownerId === null ? null : await gatherSubject(app.db, tenant, ownerId, app.now())
  if (byCode && !mayReadAttempt(asker, ownerId, owner)) throw new Refusal(403, [reason('LK_NOT_ALLOWED')], { field: 'supportCode' })
  if (attempt === null || mayReadDeliveries(asker, ownerId, owner)) return snapshot
  const { deliveries: _, ...rest } = attempt
  return { ...snapshot, attempt: rest }
}

function refuse(verdict: Verdict): void {
  if (!verdict.allowed) throw new Refusal(403, verdict.reasons)
}

function attemptAnswer({ attempt }: Snapshot, locale: Locale) {
  if (!attempt) return null
  const found = attempt as FoundAttempt
  return {
    supportCode: found.supportCode, at: new Date(found.at).toISOString(), state: found.state,
    reasons: found.reasons.map(one => ({ code: one.code, message: reasonText(locale, one) })),
    steps: found.steps.map(step => ({ ...step, at: new Date(step.at).toISOString() })),
    deliveries: (found.deliveries ?? []).map(one => ({ ...one, at: new Date(one.at).toISOString() })),
  }
}
