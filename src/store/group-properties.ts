/** What groups can be filtered by (graph §2.4, §8). */
import { sql } from 'kysely'
import type { Properties } from './conditions.ts'
import { columns } from './columns.ts'
import type { Resource } from './directory-pages.ts'

const column = (name: (typeof columns.groups)[number]) => sql.ref(`groups.${name}`)
const equality = ['eq', 'ne', 'in'] as const
const no = sql`(1 = 0)`

export const groupProperties = {
  id: { kind: 'id', operators: equality, value: column('id'), index: 'unique' },
  displayName: { kind: 'name', operators: [...equality, 'startswith'], value: column('displayNameLower'), column: 'displayNameLower', index: 'ordered' },
  mailNickname: { kind: 'text', operators: [...equality, 'startswith'], value: column('mailNickname') },
  description: { kind: 'text', operators: [...equality, 'startswith'], value: column('description') },
  // Latchkey has no mailboxes.
  mail: { kind: 'text', operators: [...equality, 'startswith'], value: sql`null` },
  mailEnabled: { kind: 'flag', operators: ['eq', 'ne'], value: no },
  groupTypes: { kind: 'set', operators: ['any'] },
  securityEnabled: { kind: 'flag', operators: ['eq', 'ne'], value: column('securityEnabled') },
  isAssignableToRole: { kind: 'flag', operators: ['eq', 'ne'], value: column('isAssignableToRole') },
  onPremisesSyncEnabled: { kind: 'flag', operators: ['eq', 'ne'], value: column('onPremisesSyncEnabled') },
  visibility: { kind: 'text', operators: equality, value: column('visibility') },
  uniqueName: { kind: 'text', operators: equality, value: column('uniqueName') },
  createdDateTime: { kind: 'instant', operators: ['eq', 'ne', 'ge', 'le', 'gt', 'lt'], value: column('createdDateTime') },
} as const satisfies Properties

/** Properties that $search looks into. */
export const searchedOfGroups = ['displayName', 'description', 'mailNickname'] as const

export const groupResource: Resource<'groups'> = { table: 'groups', columns: columns.groups, properties: groupProperties }
