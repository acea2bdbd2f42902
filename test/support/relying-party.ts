/** A program that has people sign in, without a socket: its requests to `/authorize` and to the token endpoint. */
import { createHash, randomBytes } from 'node:crypto'
import type { ApplicationDocument } from '../../src/rules/application-document.ts'
import type { Browser, Reply } from './browse.ts'
import type { TestApp } from './make-app.ts'
import type { Program } from './programs.ts'

const authority = 'reset.contoso.example'
const origin = `https://${authority}`

export const callback = 'https://app.example/callback'

/** Application documents of the three kinds of program. */
export const documents: Readonly<Record<'confidential' | 'spa' | 'public', Partial<ApplicationDocument>>> = {
  confidential: { web: { homePageUrl: null, logoutUrl: null, redirectUris: [callback], implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false }, redirectUriSettings: [] } },
  spa: { spa: { redirectUris: [callback] } },
  public: { publicClient: { redirectUris: ['http://localhost'] }, isFallbackPublicClient: true },
}

export interface Arrived {
  /** Where the browser ended: the program's address with the answer in it, or undefined on a page of ours. */
  answer: URLSearchParams | undefined
  reply: Reply
}

/** Opens an address and follows redirects, also those that a page of ours sends on with, until the browser leaves us. */
export async function visit(browser: Browser, url: string): Promise<Arrived> {
  return follow(browser, await browser.request({ method: 'GET', url }), url)
}

/** The same for a form of the page that is open. */
export async function press(browser: Browser, url: string, fields: Record<string, string> = {}): Promise<Arrived> {
  return follow(browser, await browser.send(url, fields), url)
}

async function follow(browser: Browser, first: Reply, from: string): Promise<Arrived> {
  let [reply, at] = [first, from]
  for (let hops = 0; hops < 15; hops++) {
    browser.page = reply.payload
    browser.path = at
    const refresh = /^0;url=(.*)$/.exec(String(reply.headers['refresh'] ?? ''))?.[1]
    const next = refresh ?? (reply.statusCode >= 300 && reply.statusCode < 400 ? String(reply.headers.location) : undefined)
    if (next === undefined) return { answer: formAnswer(reply.payload), reply }
    const target = new URL(next, new URL(at, origin))
    if (target.origin !== origin) return { answer: new URLSearchParams(target.hash ? target.hash.slice(1) : target.search), reply }
    at = target.href.slice(origin.length)
    reply = await browser.request({ method: 'GET', url: at })
  }
  throw new Error(`turning in circles at ${at}`)
}

/** What `response_mode=form_post` would send. */
function formAnswer(page: string): URLSearchParams | undefined {
  if (!page.includes('data-send-at-once')) return undefined
  const unescape = (text: string) => text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
  return new URLSearchParams([...page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name!, unescape(value!)] as [string, string]))
}

export interface Wish {
  scope?: string
  redirectUri?: string
  tenant?: string
  /** Further parameters; undefined takes one away. */
  more?: Record<string, string | undefined>
}

export class RelyingParty {
  readonly verifier = randomBytes(32).toString('base64url')
  readonly state = randomBytes(8).toString('base64url')
  readonly nonce = randomBytes(8).toString('base64url')
  readonly #t: TestApp
  readonly #program: Program
  readonly #kind: keyof typeof documents

  constructor(t: TestApp, program: Program, kind: keyof typeof documents = 'confidential') {
    this.#t = t
    this.#program = program
    this.#kind = kind
  }

  get redirectUri(): string {
    return this.#kind === 'public' ? 'http://localhost:51234' : callback
  }

  authorizePath({ scope = 'openid profile offline_access User.Read', redirectUri = this.redirectUri, tenant = this.#t.tenantId, more = {} }: Wish = {}): string {
    const query: Record<string, string | undefined> = {
      client_id: this.#program.appId, response_type: 'code', redirect_uri: redirectUri, scope, state: this.state, nonce: this.nonce,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'), code_challenge_method: 'S256', ...more,
    }
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined)
    return `/${tenant}/oauth2/v2.0/authorize?${new URLSearchParams(given)}`
  }

  /** The token endpoint as this kind of program asks it. */
  token(form: Record<string, string | undefined>, { tenant = this.#t.tenantId, headers = {} }: { tenant?: string; headers?: Record<string, string> } = {}): Promise<Reply> {
    const own = { client_id: this.#program.appId, ...(this.#kind === 'confidential' ? { client_secret: this.#program.secret } : {}), ...form }
    const given = Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const browser: Record<string, string> = this.#kind === 'spa' ? { origin: 'https://app.example' } : {}
    return this.#t.server.inject({
      method: 'POST', url: `/${tenant}/oauth2/v2.0/token`, authority, payload: new URLSearchParams(given).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...browser, ...headers },
    })
  }

  redeem(code: string, more: Record<string, string | undefined> = {}): Promise<Reply> {
    return this.token({ grant_type: 'authorization_code', code, redirect_uri: this.redirectUri, code_verifier: this.verifier, ...more })
  }

  refresh(refreshToken: string, more: Record<string, string | undefined> = {}): Promise<Reply> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...more })
  }
}

export interface TokenBody {
  token_type: string
  scope: string
  expires_in: number
  access_token: string
  refresh_token: string
  id_token: string
  client_info: string
  error: string
  error_codes: number[]
  error_description: string
  suberror: string
}

export const bodyOf = (reply: Reply): TokenBody => reply.json()
export const claimsOf = (token: string): Record<string, unknown> => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString('utf8'))
/** The AADSTS code of a refusal; undefined when it is none. */
export const codeOf = (reply: Reply): number | undefined => bodyOf(reply).error_codes?.[0]
