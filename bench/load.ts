/** A small load: requests, a fixed number in flight, over kept connections, from as many addresses as asked for; and what came of it. */
import { Agent, request } from 'node:http'

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

/** One request over the agent's connections. Loopback by its number, for a name may mean two addresses. */
export function fire(origin: string, agent: Agent, shot: Shot): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { host, port } = new URL(origin)
    const length: Record<string, string> = shot.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(shot.body)) }
    const options = { host: '127.0.0.1', port, path: shot.path, method: shot.method, agent, headers: { host, ...shot.headers, ...length } }
    const sent = request(options, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end(shot.body)
  })
}

let addresses = 0

/** All of 127.0.0.0/8 is this machine: an address that nobody has used yet. */
function nextAddress(): string {
  addresses++
  return `127.${1 + (addresses >> 16)}.${(addresses >> 8) & 255}.${addresses & 255}`
}

/** Sends what `next` makes. */
export async function load(origin: string, { inFlight, wanted, perAddress = Infinity }: Load, next: (index: number) => Shot): Promise<Outcome> {
  const times: number[] = []
  const statuses: Record<number, number> = {}
  let index = 0
  const goesOn = () => (typeof wanted === 'number' ? index < wanted : wanted())
  const worker = async () => {
    while (goesOn()) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1, ...(perAddress === Infinity ? {} : { localAddress: nextAddress() }) })
      for (let sent = 0; sent < perAddress && goesOn(); sent++) {
        const shot = next(index++)
        const at = performance.now()
        const { status } = await fire(origin, agent, shot)
        times.push(performance.now() - at)
        statuses[status] = (statuses[status] ?? 0) + 1
      }
      agent.destroy()
    }
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - started) / 1000
  times.sort((a, b) => a - b)
  return { perSecond: times.length / seconds, median: times[Math.floor(times.length / 2)]!, p95: times[Math.floor(times.length * 0.95)]!, statuses }
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
