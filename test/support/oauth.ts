/** How tests talk to the token service, and make JWTs of every kind. */
import { constants, randomUUID, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { TestApp } from './make-app.ts'
import type { Program } from './programs.ts'

export const authority = 'reset.contoso.example'
export const origin = `https://${authority}`
export const graphScope = 'https://graph.microsoft.com/.default'

export interface Told {
  status: number
  headers: Record<string, unknown>
  body: Record<string, unknown>
  /** The AADSTS code, 0 when there is none. */
  code: number
}

export type Fields = Record<string, string | undefined>

let addresses = 0
/** Wrong proofs are counted by address; tests of other things come from another each time. */
const nextAddress = () => `10.${++addresses >> 16}.${(addresses >> 8) & 255}.${addresses & 255}`

/** POSTs a form; fields that are undefined are left out. */
export async function post(t: TestApp, url: string, fields: Fields, headers: Record<string, string> = {}): Promise<Told> {
  const form = new URLSearchParams(Object.entries(fields).filter((one): one is [string, string] => one[1] !== undefined))
  const reply = await t.server.inject({ method: 'POST', url, authority, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, payload: form.toString(), remoteAddress: nextAddress() })
  const body = reply.json() as Record<string, unknown>
  return { status: reply.statusCode, headers: reply.headers, body, code: (body['error_codes'] as number[] | undefined)?.[0] ?? 0 }
}

/** Asks for a program's own token with its secret; `changes` replace or (undefined) remove fields. */
export function ask(t: TestApp, program: Pick<Program, 'appId' | 'secret'>, changes: Fields = {}, headers: Record<string, string> = {}): Promise<Told> {
  return post(t, `/${t.tenantId}/oauth2/v2.0/token`, { grant_type: 'client_credentials', client_id: program.appId, client_secret: program.secret, scope: graphScope, ...changes }, headers)
}

export async function tokenOf(t: TestApp, program: Pick<Program, 'appId' | 'secret'>, changes: Fields = {}): Promise<string> {
  const told = await ask(t, program, changes)
  if (told.status !== 200) throw new Error(JSON.stringify(told.body))
  return told.body['access_token'] as string
}

export async function graph(t: TestApp, url: string, token: string, method = 'GET'): Promise<Told> {
  const reply = await t.server.inject({ method: method as 'GET', url, authority, headers: { authorization: `Bearer ${token}` } })
  return { status: reply.statusCode, headers: reply.headers, body: reply.body === '' ? {} : (reply.json() as Record<string, unknown>), code: 0 }
}

export const partsOf = (token: string): { header: Record<string, unknown>; claims: Record<string, unknown>; signature: string } => {
  const [header, claims, signature] = token.split('.') as [string, string, string]
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
  return { header: read(header), claims: read(claims), signature }
}

/** Text stands as it is written, so that what is no proper JSON can be sent too. */
export const encoded = (value: object | string): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export type Signer = 'RS256' | 'PS256' | 'ES256'

export function signed(header: object | string, claims: object | string, key: KeyObject, algorithm: Signer = 'RS256'): string {
  const input = `${encoded(header)}.${encoded(claims)}`
  const how = algorithm === 'PS256'
    ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
    : algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key
  return `${input}.${sign('sha256', Buffer.from(input), how).toString('base64url')}`
}

/** Claims of a good assertion, as MSAL makes them. */
export function assertionClaims(t: TestApp, program: Pick<Program, 'appId'>, changes: object = {}): Record<string, unknown> {
  const now = Math.floor(t.app.now() / 1000)
  const aud = `${origin}/${t.tenantId}/oauth2/v2.0/token`
  return { aud, iss: program.appId, sub: program.appId, jti: randomUUID(), nbf: now, iat: now, exp: now + 600, ...changes }
}

export const withAssertion = (assertion: string): Fields => ({
  client_secret: undefined, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer', client_assertion: assertion,
})
