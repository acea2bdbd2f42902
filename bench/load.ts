/**
 * A small load over plain sockets: requests, a fixed number in flight, from as many addresses as asked for; and what came of it. The
 * load has the same cores as what it asks, so it is written as cheaply as can be: Node's own client costs half a millisecond a request,
 * this one a fifth of that.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface Outcome {
  perSecond: number
  /** Milliseconds. */
  median: number
  p95: number
  /** Answers by status. */
  statuses: Record<number, number>
}

export interface Shot {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string
}

interface Load {
  inFlight: number
  /** So many requests, or until this says no. */
  wanted: number | (() => boolean)
  /** So many requests come from one address, on one connection, the next from another: limits count addresses. Without it all from one. */
  perAddress?: number
}

interface Answer {
  status: number
  body: string
}

let addresses = 0

/** All of 127.0.0.0/8 is this machine: an address that nobody has used yet. */
function nextAddress(): string {
  addresses++
  return `127.${1 + (addresses >> 16)}.${(addresses >> 8) & 255}.${addresses & 255}`
}

/** One request on a connection of its own. */
export async function fire(origin: string, shot: Shot): Promise<Answer> {
  const connection = new Connection(origin)
  try {
    return await connection.ask(shot)
  } finally {
    connection.close()
  }
}

/** Sends what `next` makes. */
export async function load(origin: string, { inFlight, wanted, perAddress = Infinity }: Load, next: (index: number) => Shot): Promise<Outcome> {
  const times: number[] = []
  const statuses: Record<number, number> = {}
  let index = 0
  const goesOn = () => (typeof wanted === 'number' ? index < wanted : wanted())
  const worker = async () => {
    while (goesOn()) {
      const connection = new Connection(origin, perAddress === Infinity ? undefined : nextAddress())
      for (let sent = 0; sent < perAddress && !connection.ended && goesOn(); sent++) {
        const shot = next(index++)
        const at = performance.now()
        const { status } = await connection.ask(shot)
        times.push(performance.now() - at)
        statuses[status] = (statuses[status] ?? 0) + 1
      }
      connection.close()
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - started) / 1000
  times.sort((a, b) => a - b)
  return { perSecond: times.length / seconds, median: times[Math.floor(times.length / 2)]!, p95: times[Math.floor(times.length * 0.95)]!, statuses }
}

/** One request at a time, by loopback's number, for a name may mean two addresses. */
class Connection {
  readonly #socket: Socket
  readonly #host: string
  #text = ''
  #answered: PromiseWithResolvers<Answer> | undefined
  /** The server takes no further request on it. */
  ended = false

  constructor(origin: string, localAddress?: string) {
    const { host, port } = new URL(origin)
    this.#host = host
    this.#socket = connect({ host: '127.0.0.1', port: Number(port), noDelay: true, ...(localAddress === undefined ? {} : { localAddress }) })
    this.#socket.setEncoding('latin1') // bytes are counted
    this.#socket.on('data', (part: string) => this.#take(part))
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection before it had answered')))
  }

  ask({ method, path, headers = {}, body }: Shot): Promise<Answer> {
    let head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n`
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`
    if (body !== undefined) head += `content-length: ${Buffer.byteLength(body)}\r\n`
    this.#answered = Promise.withResolvers()
    this.#socket.write(`${head}\r\n${body ?? ''}`)
    return this.#answered.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(part: string): void {
    this.#text += part
    const answer = readAnswer(this.#text)
    if (!answer) return
    this.#text = ''
    if (answer.last) this.ended = true
    const answered = this.#answered
    this.#answered = undefined
    answered?.resolve(answer)
  }

  #fail(error: Error): void {
    this.ended = true
    this.#answered?.reject(error)
    this.#answered = undefined
  }
}

/** The answer, when all of it is there. Both ways of saying where a body ends. */
function readAnswer(text: string): (Answer & { last: boolean }) | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end).toLowerCase()
  const body = text.slice(end + 4)
  const length = /\r\ncontent-length: *(\d+)/.exec(head)
  const whole = length ? body.length >= Number(length[1]) : body.endsWith('0\r\n\r\n')
  if (!whole) return undefined
  return { status: Number(head.slice(9, 12)), body, last: head.includes('\r\nconnection: close') }
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
