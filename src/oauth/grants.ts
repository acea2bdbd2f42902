/** What a grant is given, and what it gives back; `token.ts` picks one by `grant_type`. */
import type { App } from '../app.ts'
import type { Client } from '../store/clients.ts'
import type { Line } from '../store/program-sign-ins.ts'
import type { Resource } from '../store/resources.ts'
import type { AccessToken, ClientMethod } from './access-token.ts'
import type { Form } from './client-authentication.ts'
import { aadsts } from './errors.ts'
import type { KnownTenant, ReachedResource } from './known-clients.ts'
import type { ResolvedTenant } from './tenant-segment.ts'

/** Where the request came from and to. */
export interface RequestPlace {
  /** Our origin that was asked: the issuer of what comes of it (LD-42). */
  origin: string
  /** Every origin of ours. */
  origins: readonly string[]
  ipAddress: string
  userAgent: string | null
  correlationId: string
  /** The `Origin` header: a browser asks. */
  browserOrigin: string | undefined
}

export interface GrantContext {
  app: App
  tenant: ResolvedTenant
  known: KnownTenant
  /** Enabled, and whatever it presented has been checked. */
  client: Client
  method: ClientMethod
  /** The credential that was used. */
  keyId: string | null
  form: Form
  version: 1 | 2
  place: RequestPlace
  /** The resource that `Grant.resource` named, when there is one of that name. */
  reached: ReachedResource | undefined
  /** Programs' own tokens: begins the line in the sign-in log, once nothing can be refused any more. */
  noteSuccess(tokenId: string): Line | undefined
}

export interface TokenAnswer {
  accessToken: AccessToken
  /** v1 names it as it was asked for. */
  resource?: string
  /** Granted, as people's tokens echo it. */
  scope?: string
  refreshToken?: string
  idToken?: string
  clientInfo?: string
  /** Seconds after which MSAL gets a new one in the background. */
  refreshIn?: number
  /** Its line in the log came after everything that was read for it, and is on the disk. */
  isSettled?: boolean
}

export interface Grant {
  /** The resource's name, where the form alone says it; it is looked up together with the client. May throw, and is asked again by `run`. */
  resource?(asked: Pick<GrantContext, 'form' | 'version'>): string
  run(context: GrantContext): Promise<TokenAnswer>
}

/** A public client may prove nothing; any other must, whatever the grant (oauth §8, 7000218). */
export function requireClientProof({ client, method }: Pick<GrantContext, 'client' | 'method'>): void {
  if (method === 'none' && !isPublicClient(client)) throw aadsts(7000218)
}

export const isPublicClient = (client: Client): boolean => client.isFallbackPublicClient || client.publicClientRedirectUris.length > 0

/** Capabilities from `claims`, where the resource has said that it wants to see them (oauth §14, `xms_cc`). */
export function requestedCapabilities(form: Form, resource: Pick<Resource, 'optionalClaims'>): string[] {
  if (form['claims'] === undefined || !resource.optionalClaims?.accessToken.some(one => one.name === 'xms_cc')) return []
  try {
    const claims = JSON.parse(form['claims']) as { access_token?: { xms_cc?: { values?: unknown } } }
    const values = claims.access_token?.xms_cc?.values
    return Array.isArray(values) ? values.filter(one => typeof one === 'string' && /^\w{1,20}$/.test(one)).slice(0, 5) as string[] : []
  } catch {
    return []
  }
}
