/** A program's own token in a session's place, for pipelines: from LATCHKEY_CLIENT_ID, LATCHKEY_TENANT and a secret in a file or the environment. */
import { readFileSync } from 'node:fs'
import { WrongCall } from './call.ts'
import type { Call } from './call.ts'
import { Refused } from './client.ts'

interface Answer {
  access_token?: string
  expires_in?: number
  error_description?: string
}

/** How the client asks for it; given by the client, so that network trouble sounds alike everywhere. */
export type AskToken = (path: string, form: Record<string, string>) => Promise<{ status: number; body: Answer }>

export interface ProgramToken {
  /** A token that lives for another minute at least. */
  get(ask: AskToken): Promise<string>
  /** The next `get` asks anew. */
  forget(): void
}

/** Undefined when the environment names no program: the session counts then. */
export function programToken(call: Call, server: string): ProgramToken | undefined {
  const { LATCHKEY_CLIENT_ID: id, LATCHKEY_TENANT: tenant } = call.io.env
  if (!id) return undefined
  if (!tenant) throw new WrongCall(call.say('cli.tenantMissing'))
  let kept: { token: string; until: number } | undefined
  return {
    forget: () => (kept = undefined),
    get: async ask => {
      // By a clock that nobody sets: only how long it lives matters.
      if (kept && performance.now() < kept.until) return kept.token
      const form = { grant_type: 'client_credentials', client_id: id, client_secret: secretOf(call), scope: `${server}/.default` }
      const { status, body } = await ask(`/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, form)
      // Whoever repeats after trouble of the moment must be able to tell it from a refusal.
      if (status !== 200 || !body.access_token) throw new Refused(call.say('cli.tokenRefused', { detail: body.error_description?.split('\n')[0] ?? String(status) }), 'TOKEN_REFUSED', status)
      kept = { token: body.access_token, until: performance.now() + ((body.expires_in ?? 60) - 60) * 1000 }
      return kept.token
    },
  }
}

/** Read each time: a rotation may have replaced what the file holds. */
function secretOf(call: Call): string {
  const { LATCHKEY_CLIENT_SECRET_FILE: file, LATCHKEY_CLIENT_SECRET: secret } = call.io.env
  if (file) {
    try {
      return readFileSync(file, 'utf8').trim()
    } catch {
      throw new WrongCall(call.say('cli.fileUnreadable', { file }))
    }
  }
  if (!secret) throw new WrongCall(call.say('cli.secretMissing'))
  return secret
}
