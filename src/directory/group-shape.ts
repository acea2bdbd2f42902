import { Type } from 'typebox'
import type { TOptional, TSchema } from 'typebox'
import type { GroupRow } from '../store/groups.ts'
import { Nullable, instant, pick } from '../graph/answers.ts'

const text = Nullable(Type.String())
const flag = Nullable(Type.Boolean())
const texts = Type.Array(Type.String())

const properties = {
  id: Type.String(), deletedDateTime: text, classification: text, createdDateTime: text, description: text, displayName: text, expirationDateTime: text,
  groupTypes: texts, isAssignableToRole: flag, mail: text, mailEnabled: flag, mailNickname: text, membershipRule: text, membershipRuleProcessingState: text,
  onPremisesDomainName: text, onPremisesLastSyncDateTime: text, onPremisesNetBiosName: text, onPremisesProvisioningErrors: Type.Array(Type.Object({})),
  onPremisesSamAccountName: text, onPremisesSecurityIdentifier: text, onPremisesSyncEnabled: flag, preferredDataLocation: text, preferredLanguage: text,
  proxyAddresses: texts, renewedDateTime: text, securityEnabled: flag, securityIdentifier: text, theme: text, uniqueName: text, visibility: text,
}

/** What $expand brings along with a group. */
export const expandableOfGroups = ['members', 'owners', 'memberOf', 'transitiveMembers', 'transitiveMemberOf'] as const

const related = Type.Array(Type.Any())
const optional = <T extends Record<string, TSchema>>(all: T) =>
  Object.fromEntries(Object.entries(all).map(([name, schema]) => [name, Type.Optional(schema)])) as unknown as { [K in keyof T]: TOptional<T[K]> }

export const Group = Type.Object({
  '@odata.context': Type.Optional(Type.String()),
  ...optional(properties),
  ...optional({ members: related, owners: related, memberOf: related, transitiveMembers: related, transitiveMemberOf: related }),
})

/** All of them come without `$select` (graph §8). */
export const groupProperties = Object.keys(properties)

/** A group as Graph shows it, only with what was asked for. */
export function shapeGroup(group: GroupRow, asked: readonly string[] = groupProperties) {
  const { id, classification, description, displayName, isAssignableToRole, mailNickname, preferredDataLocation, preferredLanguage, securityEnabled, theme, uniqueName, visibility } = group
  const whole = {
    id, deletedDateTime: instant(group.deletedDateTime), classification, createdDateTime: instant(group.createdDateTime), description, displayName,
    // Security groups with assigned members: no mail, no rule, no end.
    expirationDateTime: null, groupTypes: [], isAssignableToRole, mail: null, mailEnabled: false, mailNickname, membershipRule: null,
    membershipRuleProcessingState: null, onPremisesDomainName: null, onPremisesLastSyncDateTime: null, onPremisesNetBiosName: null,
    onPremisesProvisioningErrors: [], onPremisesSamAccountName: null, onPremisesSecurityIdentifier: null,
    onPremisesSyncEnabled: group.onPremisesSyncEnabled || null, preferredDataLocation, preferredLanguage, proxyAddresses: [],
    renewedDateTime: instant(group.createdDateTime), securityEnabled, securityIdentifier: null, theme, uniqueName, visibility,
  }
  return pick(whole, asked)
}
