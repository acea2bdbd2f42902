/** What applications and service principals can be filtered by (graph §2.4): never a secret, its hash or its hint (T-65). */
import { sql } from 'kysely'
import { firstPartyByIdentifier } from '../rules/first-party.ts'
import type { Condition, Properties } from './conditions.ts'
import { columns } from './columns.ts'
import type { Resource } from './directory-pages.ts'

const equality = ['eq', 'ne', 'in'] as const
const moments = ['eq', 'ne', 'ge', 'le', 'gt', 'lt'] as const
const application = (name: (typeof columns.applications)[number]) => sql.ref(`applications.${name}`)
const principal = (name: (typeof columns.servicePrincipals)[number]) => sql.ref(`servicePrincipals.${name}`)

export const applicationFilters = {
  id: { kind: 'id', operators: equality, value: application('id'), index: 'unique' },
  appId: { kind: 'id', operators: equality, value: application('appId'), index: 'unique' },
  displayName: { kind: 'name', operators: [...equality, 'startswith'], value: application('displayNameLower'), column: 'displayNameLower', index: 'ordered' },
  uniqueName: { kind: 'text', operators: equality, value: application('uniqueName') },
  isDisabled: { kind: 'flag', operators: ['eq', 'ne'], value: application('isDisabled') },
  createdByAppId: { kind: 'text', operators: equality, value: application('createdByAppId') },
  createdDateTime: { kind: 'instant', operators: moments, value: application('createdDateTime') },
  identifierUris: { kind: 'set', operators: ['any'], has: hasUri, index: 'unique' },
} as const satisfies Properties

/** @param origins our own: built-in resources are named by them */
export const servicePrincipalFilters = (origins: readonly string[]) => ({
  id: { kind: 'id', operators: equality, value: principal('id'), index: 'unique' },
  appId: { kind: 'id', operators: equality, value: principal('appId'), index: 'unique' },
  displayName: { kind: 'name', operators: [...equality, 'startswith'], value: principal('displayNameLower'), column: 'displayNameLower', index: 'ordered' },
  accountEnabled: { kind: 'flag', operators: ['eq', 'ne'], value: principal('accountEnabled') },
  createdByAppId: { kind: 'text', operators: equality, value: principal('createdByAppId') },
  servicePrincipalNames: { kind: 'set', operators: ['any'], has: (operator, name) => hasName(operator, name, origins), index: 'unique' },
} as const satisfies Properties)

export const searchedByName = ['displayName'] as const

export const applicationResource: Resource<'applications'> = { table: 'applications', columns: columns.applications, properties: applicationFilters, deletedBy: 'displayNameLower' }

export const servicePrincipalResource = (origins: readonly string[]): Resource<'servicePrincipals'> =>
  ({ table: 'servicePrincipals', columns: columns.servicePrincipals, properties: servicePrincipalFilters(origins), deletedBy: 'displayNameLower' })

const pattern = (prefix: string) => `${prefix.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`

function hasUri(operator: 'eq' | 'startswith', uri: string): Condition {
  const wanted = operator === 'eq' ? sql`u.uri_lower = ${uri.toLowerCase()}` : sql`u.uri_lower like ${pattern(uri)} escape ${'\\'}`
  return sql<boolean>`(applications.id in (select u.application_id from application_uris u where u.tenant_id = applications.tenant_id and ${wanted}))`
}

/** The appId, an identifier of the application, or a name of something built in. */
function hasName(operator: 'eq' | 'startswith', name: string, origins: readonly string[]): Condition {
  const wanted = operator === 'eq' ? sql`u.uri_lower = ${name.toLowerCase()}` : sql`u.uri_lower like ${pattern(name)} escape ${'\\'}`
  const builtIn = operator === 'eq' ? firstPartyByIdentifier(name, origins)?.appId : undefined
  const mine = operator === 'eq' ? sql`service_principals.app_id = ${name.toLowerCase()}` : sql`service_principals.app_id like ${pattern(name)} escape ${'\\'}`
  return sql<boolean>`(${mine} or service_principals.app_id = ${builtIn ?? ''} or service_principals.app_id in (
    select a.app_id from applications a join application_uris u on u.tenant_id = a.tenant_id and u.application_id = a.id
     where a.tenant_id = service_principals.tenant_id and ${wanted}))`
}
