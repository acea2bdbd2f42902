/** The application that somebody means: by appId, object id, identifier, or a name that only one has. */
import { WrongCall, word } from './call.ts'
import type { Call } from './call.ts'
import { Refused } from './client.ts'
import type { Client } from './client.ts'

export interface Application {
  id: string
  appId: string
  displayName: string
  passwordCredentials: Credential[]
  keyCredentials: Credential[]
}

export interface Credential {
  keyId: string
  displayName: string | null
  startDateTime: string
  endDateTime: string
  hint?: string | null
  customKeyIdentifier?: string | null
}

const select = 'id,appId,displayName,passwordCredentials,keyCredentials'
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** @throws Refused when nobody or more than one has the name */
export async function findApp(call: Call, client: Client, at: number): Promise<Application> {
  const given = word(call, at, 'cli.word.app')
  const quoted = `'${given.replaceAll("'", "''")}'`
  const filter = guid.test(given) ? `appId eq ${quoted} or id eq ${quoted}` : /^[a-z][\w+.-]*:/i.test(given) ? `identifierUris/any(u:u eq ${quoted})` : `displayName eq ${quoted}`
  const { value } = await client.get<{ value: Application[] }>(`/v1.0/applications?${new URLSearchParams({ $filter: filter, $select: select })}`)
  if (value.length === 0) throw new Refused(call.say('cli.app.unknown', { app: given }), 'NOT_FOUND', 404)
  if (value.length > 1) throw new WrongCall(call.say('cli.app.ambiguous', { app: given, ids: value.map(one => one.appId).join(', ') }))
  return value[0]!
}

/** All of a collection, whatever its pages. */
export async function* everyPage<T>(client: Client, path: string): AsyncGenerator<T> {
  for (let next: string | undefined = path; next !== undefined; ) {
    const page: { value: T[]; '@odata.nextLink'?: string } = await client.get(next)
    yield* page.value
    const link = page['@odata.nextLink']
    // The link names the server's public origin; we stay with the one we were told.
    next = link === undefined ? undefined : link.slice(new URL(link).origin.length)
  }
}

export const allApps = (client: Client): AsyncGenerator<Application> => everyPage<Application>(client, `/v1.0/applications?${new URLSearchParams({ $select: select, $top: '100', $orderby: 'displayName' })}`)
