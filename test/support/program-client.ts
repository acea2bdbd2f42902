/** Programs at work: a token from the real endpoint, and Graph asked with it. */
import assert from 'node:assert/strict'
import type { LightMyRequestResponse } from 'fastify'
import type { TestApp } from './make-app.ts'
import type { Program } from './programs.ts'

export type Reply = LightMyRequestResponse

export interface ProgramClient {
  token: string
  request(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  get(url: string): Promise<Reply>
  post(url: string, body?: unknown): Promise<Reply>
  patch(url: string, body: unknown, headers?: Record<string, string>): Promise<Reply>
  delete(url: string): Promise<Reply>
}

const authority = 'reset.contoso.example'

/** What the token endpoint answers to a secret. */
export function askToken(t: Pick<TestApp, 'server'>, { tenantId, appId, secret }: Pick<Program, 'tenantId' | 'appId' | 'secret'>, scope = 'https://graph.microsoft.com/.default'): Promise<Reply> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: appId, client_secret: secret, scope })
  return t.server.inject({ method: 'POST', url: `/${tenantId}/oauth2/v2.0/token`, authority, headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: form.toString() })
}

/** The same with an assertion in the secret's place. */
export function askTokenWith(t: Pick<TestApp, 'server'>, { tenantId, appId }: Pick<Program, 'tenantId' | 'appId'>, assertion: string): Promise<Reply> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials', client_id: appId, scope: 'https://graph.microsoft.com/.default', client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })
  return t.server.inject({ method: 'POST', url: `/${tenantId}/oauth2/v2.0/token`, authority, headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: form.toString() })
}

export async function actAs(t: TestApp, program: Program): Promise<ProgramClient> {
  const reply = await askToken(t, program)
  assert.equal(reply.statusCode, 200, reply.payload)
  return withToken(t, (reply.json() as { access_token: string }).access_token)
}

export function withToken(t: TestApp, token: string): ProgramClient {
  const request: ProgramClient['request'] = (method, url, body, headers = {}) => t.server.inject({
    method: method as 'GET', url, authority, headers: { authorization: `Bearer ${token}`, ...headers }, ...(body === undefined ? {} : { payload: body as object }),
  })
  return {
    token, request, get: url => request('GET', url), post: (url, body) => request('POST', url, body), patch: (url, body, headers) => request('PATCH', url, body, headers),
    delete: url => request('DELETE', url),
  }
}
