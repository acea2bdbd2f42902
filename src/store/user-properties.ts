/** What users can be filtered by (graph §2.4): never contact data, which may prove who somebody is, nor anything secret (T-65). */
import { sql } from 'kysely'
import type { Condition, Properties, Property } from './conditions.ts'
import { columns } from './columns.ts'
import type { Resource } from './directory-pages.ts'
import { nameKey } from './names.ts'
import type { UserDetailTable } from './directory-tables.ts'

const column = (name: (typeof columns.users)[number]) => sql.ref(`users.${name}`)
const detail = (name: keyof UserDetailTable & string) =>
  sql`(select ${sql.ref(`d.${name}`)} from user_details d where d.tenant_id = users.tenant_id and d.user_id = users.id)`

const equality = ['eq', 'ne', 'in'] as const
const text = (value: Property['value']): Property => ({ kind: 'text', operators: [...equality, 'startswith'], value: value! })
const instant = (value: Property['value']): Property => ({ kind: 'instant', operators: ['eq', 'ne', 'ge', 'le', 'gt', 'lt'], value: value! })
const flag = (name: 'accountEnabled' | 'onPremisesSyncEnabled'): Property => ({ kind: 'flag', operators: ['eq', 'ne'], value: column(name) })

export const userProperties = {
  id: { kind: 'id', operators: equality, value: column('id'), index: 'unique' },
  userPrincipalName: { kind: 'name', operators: [...equality, 'startswith', 'endswith'], value: column('upnLower'), column: 'upnLower', index: 'unique' },
  displayName: { kind: 'name', operators: [...equality, 'startswith'], value: column('displayNameLower'), column: 'displayNameLower', index: 'ordered' },
  mail: { kind: 'name', operators: [...equality, 'startswith', 'endswith'], value: column('mailLower'), column: 'mailLower', index: 'ordered' },
  accountEnabled: flag('accountEnabled'),
  onPremisesSyncEnabled: flag('onPremisesSyncEnabled'),
  userType: { kind: 'text', operators: equality, value: column('userType') },
  givenName: text(column('givenName')),
  surname: text(column('surname')),
  jobTitle: text(column('jobTitle')),
  department: text(column('department')),
  officeLocation: text(column('officeLocation')),
  preferredLanguage: text(column('preferredLanguage')),
  usageLocation: text(column('usageLocation')),
  onPremisesImmutableId: { kind: 'text', operators: equality, value: column('onPremisesImmutableId') },
  onPremisesSamAccountName: text(column('onPremisesSamAccountName')),
  createdDateTime: instant(column('createdDateTime')),
  mailNickname: { kind: 'text', operators: equality, equals: hasNickname },
  employeeId: text(detail('employeeId')),
  employeeType: text(detail('employeeType')),
  employeeHireDate: instant(detail('employeeHireDate')),
  companyName: text(detail('companyName')),
  city: text(detail('city')),
  state: text(detail('state')),
  country: text(detail('country')),
  postalCode: text(detail('postalCode')),
  proxyAddresses: { kind: 'set', operators: ['any'], has: hasProxyAddress, index: 'unique' },
  'assignedLicenses/skuId': { kind: 'set', operators: ['any'], has: (_, skuId) => hasLicence(skuId) },
  'assignedLicenses/$count': {
    kind: 'number', operators: ['eq', 'ne'],
    value: sql`(select count(*) from license_assignments l where l.tenant_id = users.tenant_id and l.principal_id = users.id)`,
  },
} as const satisfies Properties

/** Properties that $search looks into. */
export const searchedOfUsers = ['displayName', 'userPrincipalName', 'mail', 'givenName', 'surname'] as const

export const userResource: Resource<'users'> = { table: 'users', columns: columns.users, properties: userProperties, deletedBy: 'displayNameLower' }

/** People without one of their own have the first part of their principal name; `A` is the character after `@`. */
function hasNickname(nickname: string): Condition {
  const from = nameKey(nickname)
  return sql<boolean>`(case when ${detail('mailNickname')} is null then users.upn_lower >= ${`${from}@`} and users.upn_lower < ${`${from}A`} else lower(${detail('mailNickname')}) = lower(${nickname}) end)`
}

/** The list stands as JSON; whole members are found by way of the names, which have an index. */
function hasProxyAddress(operator: 'eq' | 'startswith', address: string): Condition {
  const written = JSON.stringify(address.toLowerCase()).slice(1, -1).replace(/[\\%_]/g, '\\$&')
  const listed = sql<boolean>`lower(users.proxy_addresses) like ${`%"${written}${operator === 'eq' ? '"' : ''}%`} escape ${'\\'}`
  if (operator === 'startswith') return sql<boolean>`(${listed})`
  const alias = nameKey(address.replace(/^smtp:/i, ''))
  return sql<boolean>`(users.id in (select a.user_id from user_aliases a where a.tenant_id = users.tenant_id and a.alias_lower = ${alias}) and ${listed})`
}

function hasLicence(skuId: string): Condition {
  return sql<boolean>`exists (select 1 from license_assignments l where l.tenant_id = users.tenant_id and l.principal_id = users.id and l.sku_id = ${skuId.toLowerCase()})`
}
