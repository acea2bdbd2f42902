import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { Overview } from './list-methods.ts'
import type { WizardState } from './wizard.ts'

const Instant = Type.Union([Type.String(), Type.Null()])
const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

const method = Type.Object({
  id: Type.String(),
  kind: Type.String(),
  displayValue: Type.String(),
  source: Type.String(),
  verified: Type.Boolean(),
  heldUntilDateTime: Instant,
  isDefault: Type.Boolean(),
  createdDateTime: Instant,
  lastUsedDateTime: Instant,
  answeredQuestions: Type.Union([Type.Integer(), Type.Null()]),
  use: Type.String(),
  may: Type.Object({ change: Type.Boolean(), verify: Type.Boolean(), delete: Type.Boolean(), makeDefault: Type.Boolean() }),
})

const offer = Type.Object({ kind: Type.String(), allowed: Type.Boolean(), reasons: Type.Array(Type.Object({ code: Type.String() })) })

const pass = Type.Object({ startDateTime: Type.String(), endDateTime: Type.String(), isUsableOnce: Type.Boolean() })

export const overviewSchema = Type.Object({
  methods: Type.Array(method),
  temporaryAccessPass: Type.Union([pass, Type.Null()]),
  offers: Type.Array(offer),
  readiness: Type.Object({ state: Type.String(), missing: Type.Integer() }),
  administrator: Type.Union([Type.String(), Type.Null()]),
  appPasswords: Type.Boolean(),
})

export const wizardSchema = Type.Object({
  purpose: Type.Union([Type.String(), Type.Null()]),
  needed: Type.Integer(),
  have: Type.Integer(),
  skippable: Type.Boolean(),
  offers: Type.Array(Type.String()),
  methods: Type.Array(method),
})

export function overviewJson(overview: Overview): Static<typeof overviewSchema> {
  const live = overview.pass
  return {
    methods: overview.methods.map(methodJson),
    temporaryAccessPass: live
      ? { startDateTime: instant(live.startsAt)!, endDateTime: instant(live.expiresAt)!, isUsableOnce: live.isUsableOnce }
      : null,
    offers: overview.offers.map(({ kind, verdict }) => ({
      kind, allowed: verdict.allowed, reasons: verdict.allowed ? [] : verdict.reasons.map(({ code }) => ({ code })),
    })),
    readiness: overview.readiness,
    administrator: overview.administrator ?? null,
    appPasswords: overview.appPasswords,
  }
}

/** `purpose: null`: nothing is asked, and sign-in can go on. */
export function wizardJson(wizard: WizardState | undefined, overview: Overview): Static<typeof wizardSchema> {
  const offers = wizard?.suggested ? [wizard.suggested, ...wizard.others].map(one => one.kind) : []
  return {
    purpose: wizard?.purpose ?? null, needed: wizard?.needed ?? 0, have: wizard?.have ?? 0, skippable: wizard?.skippable ?? true, offers,
    methods: overview.methods.map(methodJson),
  }
}

const methodJson = (one: Overview['methods'][number]): Static<typeof method> => ({
  id: one.id, kind: one.kind, displayValue: one.value, source: one.source, verified: one.verified, heldUntilDateTime: instant(one.heldUntil),
  isDefault: one.isDefault, createdDateTime: instant(one.createdDateTime), lastUsedDateTime: instant(one.lastUsedAt), answeredQuestions: one.answers,
  use: one.use, may: one.may,
})
