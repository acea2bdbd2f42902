/** A browser without a screen: keeps cookies, follows redirects, fills in forms as they stand in the page. */
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'

export type Reply = LightMyRequestResponse

export class Browser {
  readonly cookies = new Map<string, string>()
  /** The page that is open. */
  page = ''
  /** Its address, path and query. */
  path = '/'
  readonly #server: FastifyInstance
  readonly #origin: string
  readonly #address: string
  readonly #language: string

  constructor(server: FastifyInstance, origin: string, how: { address?: string; language?: string } = {}) {
    this.#server = server
    this.#origin = origin
    this.#address = how.address ?? '127.0.0.1'
    this.#language = how.language ?? 'en'
  }

  /** One request with this browser's cookies; no redirect is followed. */
  async request(options: InjectOptions & { url: string }): Promise<Reply> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const reply = await this.#server.inject({
      authority: new URL(this.#origin).host,
      remoteAddress: this.#address,
      ...options,
      headers: { 'accept-language': this.#language, ...(cookie ? { cookie } : {}), ...options.headers },
    })
    for (const set of reply.cookies) {
      if (set.value === '' || set.maxAge === 0 || (set.expires && set.expires.getTime() <= Date.now())) this.cookies.delete(set.name)
      else this.cookies.set(set.name, set.value)
    }
    return reply
  }

  /** Opens a page and follows redirects. */
  async get(url: string): Promise<Reply> {
    return this.#follow(await this.request({ method: 'GET', url }), url)
  }

  /** Posts the fields with the open page's form token and follows redirects. */
  async post(url: string, fields: Record<string, string> = {}): Promise<Reply> {
    return this.#follow(await this.send(url, fields), url)
  }

  /** The same without following. */
  send(url: string, fields: Record<string, string> = {}, token = this.formToken()): Promise<Reply> {
    // Which permissions a page of consent has shown goes back with a yes to them.
    const shown = fields['answer'] === 'agree' ? /name="shown" value="([^"]*)"/.exec(this.page)?.[1] : undefined
    const payload = new URLSearchParams({ _csrf: token, ...(shown === undefined ? {} : { shown }), ...fields }).toString()
    return this.request({
      method: 'POST',
      url,
      payload,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.#origin, 'sec-fetch-site': 'same-origin' },
    })
  }

  /** JSON to /api or /v1.0, as our own programs send it. */
  json(method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', url: string, body?: unknown): Promise<Reply> {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    return this.request({ method, url, ...(payload === undefined ? {} : { payload }), headers: { ...type, 'x-latchkey': '1', origin: this.#origin } })
  }

  formToken(): string {
    return /name="_csrf" value="([^"]*)"/.exec(this.page)?.[1] ?? ''
  }

  async #follow(reply: Reply, url: string): Promise<Reply> {
    let current = reply
    let at = url
    for (let hops = 0; hops < 10 && current.statusCode >= 300 && current.statusCode < 400; hops++) {
      at = new URL(String(current.headers.location), new URL(at, this.#origin)).href.slice(this.#origin.length)
      current = await this.request({ method: 'GET', url: at })
    }
    this.page = current.payload
    this.path = at
    return current
  }
}
