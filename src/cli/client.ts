/** A client of a running server like any other: Graph's routes and /api, with a session cookie or an access token (LD-61). */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { homedir } from 'node:os'
import { WrongCall } from './call.ts'
import type { Call } from './call.ts'
import { programToken } from './program-token.ts'
import type { ProgramToken } from './program-token.ts'

/** The server said no, or cannot be reached: exit status 1, with the sentence it gave. */
export class Refused extends Error {
  readonly code: string
  readonly status: number

  constructor(message: string, code: string, status: number) {
    super(message)
    this.code = code
    this.status = status
  }
}

interface Kept {
  server: string
  cookies: Record<string, string>
  /** In place of a session: what `login --device` brought. */
  token?: KeptToken
}

/** Tokens of this server, and where they are renewed. */
export interface KeptToken {
  tokenEndpoint: string
  clientId: string
  accessToken: string
  refreshToken: string | null
  /** Epoch milliseconds by this machine's clock. */
  expiresAt: number
}

export interface TokenAnswer {
  access_token: string
  refresh_token?: string
  expires_in: number
}

/** As it is kept; a minute before its end it counts as over. */
export function keptToken(answer: TokenAnswer, { tokenEndpoint, clientId }: Pick<KeptToken, 'tokenEndpoint' | 'clientId'>): KeptToken {
  return { tokenEndpoint, clientId, accessToken: answer.access_token, refreshToken: answer.refresh_token ?? null, expiresAt: Date.now() + (answer.expires_in - 60) * 1000 }
}

const defaultServer = 'http://localhost:8080'

/** Where the session is kept, for its owner alone. */
export function sessionFile(env: Call['io']['env']): string {
  const base = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config')
  return join(base, 'latchkey', 'session.json')
}

export class Client {
  readonly server: string
  readonly #call: Call
  readonly #cookies: Record<string, string>
  #token: KeptToken | undefined
  readonly #program: ProgramToken | undefined

  /** With the session that is kept; `fresh` starts without one. */
  constructor(call: Call, fresh = false) {
    const kept = fresh ? undefined : readKept(call)
    const asked = (call.options['server'] as string | undefined) ?? call.io.env['LATCHKEY_SERVER']
    this.server = originOf(call, asked ?? kept?.server ?? defaultServer)
    this.#call = call
    // A session of one server is never shown to another.
    this.#cookies = kept?.server === this.server ? kept.cookies : {}
    this.#token = kept?.server === this.server ? kept.token : undefined
    this.#program = fresh ? undefined : programToken(call, this.server)
  }

  get<T>(path: string): Promise<T> {
    return this.send<T>('GET', path)
  }

  /**
   * One request; the answer's JSON.
   * @throws Refused with the server's own sentence in the caller's language
   */
  async send<T>(method: string, path: string, body?: unknown): Promise<T> {
    return (await this.exchange<T>(method, path, body)).body
  }

  /** The same with the answer's headers. */
  async exchange<T>(method: string, path: string, body?: unknown): Promise<{ body: T; headers: Headers }> {
    const headers: Record<string, string> = { accept: 'application/json', 'accept-language': this.#call.locale, ...(await this.#credentials()) }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const reply = await this.#fetch(path, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
    this.#keepCookies(reply.headers)
    if (reply.status === 401) this.#program?.forget()
    const text = await reply.text()
    const answer = this.#parse(text, reply.status)
    if (!reply.ok) throw this.#refused(reply.status, answer)
    return { body: answer as T, headers: reply.headers }
  }

  /** True when the calls carry an access token, not a session. */
  get byToken(): boolean {
    return this.#program !== undefined || this.#token !== undefined
  }

  /**
   * Posts a form to the token service of this server.
   * @returns the answer's JSON and its status; a refusal is not thrown, for waiting is one
   */
  async postForm<T>(address: string, fields: Record<string, string>): Promise<{ body: T; status: number }> {
    const headers = { accept: 'application/json', 'accept-language': this.#call.locale, 'content-type': 'application/x-www-form-urlencoded' }
    const reply = await this.#fetch(address, { method: 'POST', headers, redirect: 'manual', body: new URLSearchParams(fields).toString() })
    return { body: this.#parse(await reply.text(), reply.status) as T, status: reply.status }
  }

  /** From now on the calls carry this token in place of a session. */
  useToken(token: KeptToken): void {
    this.#token = token
  }

  /** The token itself, or the one that its refresh token brings, which is kept at once: the former is soon good no more. */
  async #freshToken(token: KeptToken): Promise<KeptToken> {
    if (Date.now() < token.expiresAt) return token
    const over = new Refused(this.#call.say('cli.notSignedIn'), 'LK_NOT_SIGNED_IN', 401)
    if (token.refreshToken === null) throw over
    const { body, status } = await this.postForm<TokenAnswer>(token.tokenEndpoint, { grant_type: 'refresh_token', client_id: token.clientId, refresh_token: token.refreshToken })
    if (status !== 200) throw over
    this.#token = keptToken(body, token)
    this.save()
    return this.#token
  }

  /** Never beyond the server that was named: neither session nor token goes elsewhere. */
  async #fetch(address: string, init: RequestInit): Promise<Response> {
    const url = new URL(address, this.server)
    if (url.origin !== this.server) throw new Refused(this.#call.say('cli.elsewhere', { address: url.origin, server: this.server }), 'ELSEWHERE', 0)
    return fetch(url, init).catch((error: Error) => {
      throw new Refused(this.#call.say('cli.unreachable', { server: this.server, detail: String((error.cause as Error | undefined)?.message ?? error.message) }), 'UNREACHABLE', 0)
    })
  }

  /** Keeps the session for the next call, whole or not at all. */
  save(): void {
    const file = sessionFile(this.#call.io.env)
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const kept: Kept = { server: this.server, cookies: this.#cookies, ...(this.#token ? { token: this.#token } : {}) }
    writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }

  /** A program comes with its token, a person with theirs or with the session. */
  async #credentials(): Promise<Record<string, string>> {
    if (this.#program) return { authorization: `Bearer ${await this.#program.get((path, form) => this.postForm(path, form))}` }
    if (this.#token) return { authorization: `Bearer ${(await this.#freshToken(this.#token)).accessToken}` }
    const cookie = Object.entries(this.#cookies).map(([name, value]) => `${name}=${value}`).join('; ')
    return { 'x-latchkey': '1', ...(cookie ? { cookie } : {}) }
  }

  /** A proxy or something else altogether may answer in our place, and not in JSON. */
  #parse(text: string, status: number): unknown {
    if (text === '') return undefined
    try {
      return JSON.parse(text)
    } catch {
      throw new Refused(this.#call.say('cli.unexpected', { status }), 'UNKNOWN', status)
    }
  }

  #keepCookies(headers: Headers): void {
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /;\s*max-age=0(;|$)/i.test(line)) delete this.#cookies[name]
      else this.#cookies[name] = value
    }
  }

  #refused(status: number, answer: unknown): Refused {
    const { error, reasons } = (answer ?? {}) as { error?: { message?: string; innerError?: { code?: string } }; reasons?: { code: string; message: string }[] }
    const code = reasons?.[0]?.code ?? error?.innerError?.code ?? 'UNKNOWN'
    if (code === 'LK_NOT_SIGNED_IN') return new Refused(this.#call.say('cli.notSignedIn'), code, status)
    const message = reasons?.map(one => one.message).join(' ') ?? error?.message ?? this.#call.say('cli.unexpected', { status })
    return new Refused(message, code, status)
  }
}

/** Passwords and sessions go over https, or no further than this machine. */
function originOf(call: Call, address: string): string {
  const url = URL.parse(address)
  const near = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url === null || (url.protocol !== 'https:' && !(url.protocol === 'http:' && near))) throw new WrongCall(call.say('cli.insecure', { server: address }))
  return url.origin
}

function readKept(call: Call): Kept | undefined {
  try {
    return JSON.parse(readFileSync(sessionFile(call.io.env), 'utf8')) as Kept
  } catch {
    return undefined
  }
}

export function forgetSession(call: Call): void {
  rmSync(sessionFile(call.io.env), { force: true })
}
