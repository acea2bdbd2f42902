/** What may be sent for a group: closed lists (T-44). What Latchkey's groups never are is accepted as such and refused otherwise. */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Nullable } from '../graph/answers.ts'
import { badRequest } from '../graph/deciding.ts'
import type { GroupRow } from '../store/groups.ts'

const visible = { minLength: 1, maxLength: 256, pattern: '[^\\p{C}\\p{Z}]' }
const short = Type.Optional(Nullable(Type.String({ maxLength: 256 })))
const references = Type.Optional(Type.Array(Type.String({ maxLength: 500 }), { maxItems: 20 }))

const common = {
  '@odata.type': Type.Optional(Type.String()),
  description: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
  visibility: Type.Optional(Nullable(Type.Union([Type.Literal('Public'), Type.Literal('Private'), Type.Literal('HiddenMembership')]))),
  classification: short, theme: short, preferredLanguage: short, preferredDataLocation: short,
  isAssignableToRole: Type.Optional(Nullable(Type.Boolean())),
  groupTypes: Type.Optional(Type.Array(Type.String({ maxLength: 60 }), { maxItems: 10 })),
  membershipRule: Type.Optional(Nullable(Type.String({ maxLength: 3072 }))),
  membershipRuleProcessingState: Type.Optional(Nullable(Type.String({ maxLength: 60 }))),
  uniqueName: Type.Optional(Nullable(Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9_.-]+$' }))),
  'members@odata.bind': references,
}
const nickname = { minLength: 1, maxLength: 64, pattern: '^[^@()\\\\\\[\\]";:<>, ]+$' }

export const PostGroup = Type.Object({
  ...common,
  displayName: Type.String(visible), mailEnabled: Type.Boolean(), mailNickname: Type.String(nickname), securityEnabled: Type.Boolean(),
  'owners@odata.bind': references,
}, { additionalProperties: false })

export const PatchGroup = Type.Object({
  ...common,
  displayName: Type.Optional(Type.String(visible)), mailEnabled: Type.Optional(Type.Boolean()), mailNickname: Type.Optional(Type.String(nickname)),
  securityEnabled: Type.Optional(Type.Boolean()),
}, { additionalProperties: false })

type Body = Partial<Static<typeof PostGroup>>

/** Properties that are written as they are given. */
export const plainGroupProperties = ['displayName', 'description', 'mailNickname', 'visibility', 'classification', 'theme', 'preferredLanguage', 'preferredDataLocation'] as const

/** @throws Refusal 400 naming what asks for a mailbox or a rule */
export function requireOurKind(body: Body): void {
  const wrong =
    body.mailEnabled === true ? 'mailEnabled' : body.securityEnabled === false ? 'securityEnabled' : (body.groupTypes?.length ?? 0) > 0 ? 'groupTypes'
    : body.membershipRule != null ? 'membershipRule' : body.membershipRuleProcessingState != null ? 'membershipRuleProcessingState' : undefined
  if (wrong !== undefined) throw badRequest('LK_GROUP_KIND', { property: wrong }, wrong)
}

/** What is settled when a group is made: a group that gives roles is never made of one that does not (T-40). @throws Refusal 400 */
export function requireUnchanged(body: Body, group: GroupRow): void {
  if (body.isAssignableToRole != null && body.isAssignableToRole !== group.isAssignableToRole) throw badRequest('LK_GROUP_IMMUTABLE', { property: 'isAssignableToRole' }, 'isAssignableToRole')
  if (body.uniqueName != null && body.uniqueName !== group.uniqueName) throw badRequest('LK_GROUP_IMMUTABLE', { property: 'uniqueName' }, 'uniqueName')
}
