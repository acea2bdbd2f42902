/** A small load: a fixed number of requests, a fixed number in flight, over kept connections; and what came of it. */
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

/** One request over the agent's connections. */
export function fire(origin: string, agent: Agent, shot: Shot): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const url = new URL(shot.path, origin)
    const length: Record<string, string> = shot.body === undefined ? {} : { 'content-length': String(Buffer.byteLength(shot.body)) }
    const sent = request(url, { method: shot.method, agent, headers: { ...shot.headers, ...length } }, response => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end(shot.body)
  })
}

/** Sends `count` requests, `inFlight` at a time; `next` makes each. */
export async function load(origin: string, count: number, inFlight: number, next: (index: number) => Shot): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight })
  const times: number[] = []
  const statuses: Record<number, number> = {}
  let index = 0
  const started = performance.now()
  const worker = async () => {
    while (index < count) {
      const shot = next(index++)
      const at = performance.now()
      const { status } = await fire(origin, agent, shot)
      times.push(performance.now() - at)
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  const seconds = (performance.now() - started) / 1000
  agent.destroy()
  times.sort((a, b) => a - b)
  return { perSecond: count / seconds, median: times[Math.floor(times.length / 2)]!, p95: times[Math.floor(times.length * 0.95)]!, statuses }
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
