/**
 * Asks for tokens over plain sockets, one request at a time on each: on two cores whatever the load costs is taken from the server, so
 * it is written as cheaply as can be. Every answer is looked at: status, length, and that there is a token in it.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface TokenRequest {
  port: number
  host: string
  path: string
  /** The form. */
  body: string
}

export interface TokenOutcome {
  perSecond: number
  /** Milliseconds. */
  median: number
  p99: number
}

/** So many tokens (or until it says no) over so many connections. @throws when any answer is no token */
export async function loadTokens(request: TokenRequest, connections: number, wanted: number | (() => boolean)): Promise<TokenOutcome> {
  const { host, path, body } = request
  const bytes = Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  let asked = 0
  const goesOn = () => (typeof wanted === 'number' ? asked++ < wanted : wanted())
  const times: number[] = []
  const began = performance.now()
  await Promise.all(Array.from({ length: connections }, () => oneConnection(request.port, bytes, goesOn, times)))
  const seconds = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  return { perSecond: times.length / seconds, median: times[Math.floor(times.length / 2)]!, p99: times[Math.floor(times.length * 0.99)]! }
}

/** Servers end a connection after a thousand requests or so; then another takes its place. */
async function oneConnection(port: number, bytes: Buffer, goesOn: () => boolean, times: number[]): Promise<void> {
  let left = goesOn()
  while (left) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    left = await untilClosed(socket, bytes, goesOn, times)
  }
}

function untilClosed(socket: Socket, bytes: Buffer, goesOn: () => boolean, times: number[]): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let parts: Buffer[] = []
    let at = 0
    let waiting = false
    let ending = false
    const send = () => {
      at = performance.now()
      waiting = true
      socket.write(bytes)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => (waiting ? reject(new Error('the server closed a connection in the middle')) : resolve(ending)))
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      const text = parts.length === 1 ? part.toString('latin1') : Buffer.concat(parts).toString('latin1')
      const head = text.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1])
      if (!(text.length >= head + 4 + length)) return
      parts = []
      waiting = false
      if (!text.startsWith('HTTP/1.1 200') || !text.includes('"access_token":"ey')) return socket.destroy(new Error(`not a token: ${text.slice(0, 1000)}`))
      times.push(performance.now() - at)
      const more = goesOn()
      if (more && !/\r\nconnection: close/i.test(text.slice(0, head))) return send()
      ending = more
      socket.end()
    })
  })
}
