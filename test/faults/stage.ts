/**
 * An installation to be hurt: servers are processes of their own, as `latchkey serve` starts them, on one database; mail and texts
 * go over real sockets to servers of the test. People reach them over HTTP as through a balancer, which tries the next server when
 * one takes no connection and never sends anything twice.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { noAgents } from '../../src/agents-none.ts'
import type { App } from '../../src/app.ts'
import { freePort } from '../../src/development/config.ts'
import { newKeyFile } from '../../src/key-file.ts'
import { openKeyring } from '../../src/keyring.ts'
import { openLog } from '../../src/log.ts'
import { readConfig } from '../../src/operator/read-config.ts'
import type { Store } from '../../src/store/open.ts'
import { codeIn } from '../support/capture.ts'
import { type Program, startProgram } from '../support/installation.ts'
import { addPerson, changePolicy, foundTenant } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { startGateway } from '../support/sms.ts'
import type { Gateway } from '../support/sms.ts'
import { startMailServer } from '../support/smtp.ts'
import type { MailServer } from '../support/smtp.ts'
import { openTestStore } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'

export const engines = ['sqlite', 'postgres'] as const
export const minute = 60_000

export interface Node extends Program {
  port: number
  /** Ends it as a power cut would. */
  kill(): Promise<void>
}

export interface FaultStage {
  app: App
  store: Store
  tenantId: string
  configFile: string
  mail: MailServer
  texts: Gateway
  /** One more server, ready to answer. */
  serve(env?: Record<string, string>): Promise<Node>
  /** Somebody at a browser of their own, at an address of their own; `nodes` are asked in turn. */
  visitor(...nodes: Node[]): Visitor
  person(name: string, more?: Partial<PersonOptions>): Promise<Person>
  /** The newest code sent to this address, once there are so many mails with codes. */
  mailedCode(address: string, count?: number): Promise<string>
  textedCode(number: string): Promise<string>
  close(): Promise<void>
}

export interface FaultStageOptions {
  engine?: (typeof engines)[number]
  /** A database made by the caller; closed with the stage. */
  store?: TestStore
  /** Instead of the stage's own mail server. */
  mailPort?: number
}

/** A tenant where everybody may reset with one proof: by mail, text or app. */
export async function openFaultStage({ engine = 'sqlite', store: given, mailPort }: FaultStageOptions = {}): Promise<FaultStage> {
  const store = given ?? (await openTestStore(engine))
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-faults-'))
  chmodSync(folder, 0o700)
  const dataDir = store.options.file ? dirname(store.options.file) : folder
  const [mail, texts, frontPort] = await Promise.all([startMailServer(), startGateway(), freePort()])
  const keysFile = join(folder, 'keys.json')
  newKeyFile(keysFile)
  const configFile = join(folder, 'latchkey.yaml')
  const lines = [
    `publicOrigin: http://localhost:${frontPort}`,
    `dataDir: ${dataDir}`,
    `keysFile: ${keysFile}`,
    'trustedProxies: [127.0.0.0/8]',
    'logLevel: warn',
    `mail: { host: 127.0.0.1, port: ${mailPort ?? mail.port}, security: none, from: no-reply@contoso.example }`,
    `sms: { provider: http, url: "${texts.url}/texts" }`,
    ...(store.options.databaseUrl ? [`database: { url: "${store.options.databaseUrl}" }`] : []),
  ]
  writeFileSync(configFile, lines.join('\n'), { mode: 0o600 })
  const config = readConfig({ file: configFile, env: {} })
  const now = () => store.clock.now()
  const keys = await openKeyring({ keyFile: keysFile, db: store.db, now })
  const app: App = { config, db: store.db, now, keys, wake: store.wake, agents: noAgents, log: openLog('silent') }
  const tenantId = await foundTenant(app)
  await changePolicy(app, tenantId, 'tenantSettings', { stepUpRecovery: false })
  await changePolicy(app, tenantId, 'authenticationMethodsPolicy', { policyMigrationState: 'preMigration' })
  await changePolicy(app, tenantId, 'passwordResetPolicy', {
    enablementType: 2, numberOfAuthenticationMethodsRequired: 1, emailOptionEnabled: true, mobilePhoneOptionEnabled: true, mobileAppCodeEnabled: true,
  })
  const nodes: Node[] = []
  const host = `localhost:${frontPort}`

  const serve = async (env: Record<string, string> = {}): Promise<Node> => {
    const port = await freePort()
    const program = startProgram(['serve', '--config', configFile], { NODE_ENV: 'test', LATCHKEY_LISTEN_PORT: String(port), ...env })
    const gone = new Promise<void>(resolve => program.process.once('close', () => resolve()))
    const kill = () => {
      program.process.kill('SIGKILL')
      return gone
    }
    const node = { ...program, port, kill }
    nodes.push(node)
    await untilServing(node, host)
    return node
  }
  const close = async () => {
    await Promise.all(nodes.map(node => node.kill()))
    await Promise.all([mail.close(), texts.close()])
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return {
    app, store, tenantId, configFile, mail, texts, serve, close,
    visitor: (...these) => new Visitor(these.length > 0 ? these : nodes, host),
    person: (name, more = {}) => addPerson(app, tenantId, { name, email: `${name}@home.example`, ...more }),
    mailedCode: (address, count = 1) =>
      until(() => {
        const codes = mail.received.filter(one => one.to.includes(address)).flatMap(one => /\b\d{4} \d{4}\b/.exec(one.raw)?.[0] ?? [])
        return codes.length >= count ? codeIn(codes.at(-1)!) : undefined
      }),
    textedCode: number => until(() => texts.received.findLast(one => one.body.includes(number)) && codeIn(texts.received.findLast(one => one.body.includes(number))!.body)),
  }
}

async function untilServing(node: Node, host: string): Promise<void> {
  const asked = new Visitor([node], host)
  await until(async () => {
    if (node.process.exitCode !== null) throw new Error(`the server ended: ${node.said()}`)
    const reply = await asked.send('GET', '/livez').catch(() => undefined)
    return reply?.status === 200 ? true : undefined
  })
}

/** Waits for what is going to happen; a minute without it is a failure. */
export async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let waited = 0; waited < 60_000; waited += 20) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(20)
  }
  throw new Error('it did not happen')
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  // eslint-disable-next-line typescript/no-explicit-any
  json: any
}

let visitors = 0

export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly address = `10.${(++visitors >> 8) & 255}.${visitors & 255}.9`
  /** The transaction it is in. */
  reset = ''
  nodes: readonly Node[]
  /** The balancer it comes through: the server bounds the sockets of one address. */
  through = '127.0.0.1'
  readonly #host: string
  #turn = 0

  constructor(nodes: readonly Node[], host: string) {
    this.nodes = nodes
    this.#host = host
  }

  /** The next server's answer. A server that takes no connection is passed over; one that breaks off is an error. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const order = this.nodes.map((_, n) => this.nodes[(this.#turn + n) % this.nodes.length]!)
    this.#turn++
    for (const node of order) {
      try {
        return await this.#ask(node, method, path, body, headers)
      } catch (error) {
        if ((error as { code?: string }).code !== 'ECONNREFUSED' || node === order.at(-1)) throw error
      }
    }
    throw new Error('no server')
  }

  #ask(node: Node, method: string, path: string, body: unknown, more: Record<string, string>): Promise<Answer> {
    const payload = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      host: this.#host, 'x-forwarded-for': this.address, 'x-latchkey': '1', cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }), ...more,
    }
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: node.port, method, path, headers, agent: false, localAddress: this.through }, response => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          this.#keep(response.headers['set-cookie'] ?? [])
          const text = Buffer.concat(parts).toString('utf8')
          const json: unknown = /json/.test(response.headers['content-type'] ?? '') ? JSON.parse(text) : undefined
          resolve({ status: response.statusCode!, headers: response.headers, text, json })
        })
      })
      request.on('error', reject)
      request.end(payload)
    })
  }

  #keep(set: readonly string[]): void {
    for (const line of set) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!
      if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(name!)
      else this.cookies.set(name!, value!)
    }
  }

  async start(username: string): Promise<Answer> {
    const answer = await this.send('POST', '/api/resets', { username })
    if (answer.status === 201) this.reset = (answer.json as { id: string }).id
    return answer
  }

  ask(method: string, number?: string): Promise<Answer> {
    return this.send('POST', `/api/resets/${this.reset}/challenges`, { method, ...(number ? { number } : {}) })
  }

  prove(method: string, code: string): Promise<Answer> {
    return this.send('POST', `/api/resets/${this.reset}/answers`, { method, code })
  }

  newPassword(newPassword: string): Promise<Answer> {
    return this.send('POST', `/api/resets/${this.reset}/password`, { newPassword })
  }

  signIn(userName: string, password: string): Promise<Answer> {
    return this.send('POST', '/api/signin', { userName, password })
  }
}

/** From the name to the moment before the new password. */
export async function walkToPassword(stage: FaultStage, visitor: Visitor, person: Person): Promise<void> {
  const address = person.userPrincipalName.replace('@contoso.example', '@home.example')
  const before = stage.mail.received.filter(one => one.to.includes(address) && /\b\d{4} \d{4}\b/.test(one.raw)).length
  expect(await visitor.start(person.userPrincipalName), 201)
  expect(await visitor.ask('email'), 202)
  expect(await visitor.prove('email', await stage.mailedCode(address, before + 1)), 200)
}

/** The answer, if it has this status; what it said, if not. */
export function expect(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text.slice(0, 500)}`)
  return answer
}
