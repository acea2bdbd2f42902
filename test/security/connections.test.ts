/** T-27: clients that hold sockets without asking anything. What is counted is who gets an answer, not how fast. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { listen } from '../../src/listen.ts'
import type { Listening } from '../../src/listen.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'

const perAddress = 256

describe('T-27: slow and idle clients', () => {
  let t: TestApp
  let socket: Listening
  let port: number
  const open: Socket[] = []
  before(async () => {
    const listener = { origin: 'http://localhost:0', host: '127.0.0.1', port: 0 }
    t = await makeApp({ config: { listeners: [listener] } })
    socket = await listen(t.server, listener)
    port = Number(new URL(socket.origin).port)
  })
  after(async () => {
    for (const one of open) one.destroy()
    await socket.close()
    await t.close()
  })

  const hold = (localAddress: string, firstBytes: string) =>
    new Promise<{ socket: Socket; closed: Promise<string> }>(resolve => {
      const one = connect({ port, host: '127.0.0.1', localAddress })
      open.push(one)
      let answer = ''
      one.on('data', data => (answer += String(data)))
      one.on('error', () => {})
      const closed = new Promise<string>(end => one.on('close', () => end(answer)))
      one.on('connect', () => {
        one.write(firstBytes)
        resolve({ socket: one, closed })
      })
    })
  const ask = async (localAddress: string) => {
    const { closed } = await hold(localAddress, `GET /livez HTTP/1.1\r\nhost: localhost:${port}\r\nconnection: close\r\n\r\n`)
    return (await closed).slice(0, 12)
  }

  test('a thousand half-written requests from one address take that address’s share and nobody else’s', { timeout: 60_000 }, async () => {
    const slow = await Promise.all(Array.from({ length: 1000 }, () => hold('127.0.0.2', `POST /api/signin HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`)))
    let closed = 0
    for (const one of slow) void one.closed.then(() => closed++)
    // Their next byte, and an answer to somebody else in between.
    for (const one of slow) if (!one.socket.destroyed) one.socket.write('"')
    for (let n = 0; n < 20; n++) assert.equal(await ask('127.0.0.3'), 'HTTP/1.1 200', `request ${n} of a normal client`)
    assert.equal(closed, 1000 - perAddress, 'beyond the share the socket is closed at once')
    for (const one of slow) one.socket.destroy()
    await Promise.all(slow.map(one => one.closed))
    assert.equal(await ask('127.0.0.2'), 'HTTP/1.1 200', 'the share comes back')
  })

  test('a request whose head does not end is answered 408 and its socket closed', { timeout: 60_000 }, async () => {
    const { closed } = await hold('127.0.0.4', `GET /livez HTTP/1.1\r\nhost: localhost:${port}\r\nx-slow: `)
    assert.match(await closed, /^HTTP\/1\.1 408 /)
  })

  test('a head, a line of it or a number of them beyond the limits is refused before anything reads it (T-63)', async () => {
    for (const [what, head, expected] of [
      ['17 KiB of headers', `GET /livez HTTP/1.1\r\nhost: localhost:${port}\r\nx: ${'a'.repeat(17 * 1024)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
      ['a URL of 17 KiB', `GET /livez?${'a'.repeat(17 * 1024)} HTTP/1.1\r\nhost: localhost:${port}\r\n\r\n`, /^HTTP\/1\.1 4(14|31) /],
      ['two lengths', `POST /api/signin HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello`, /^HTTP\/1\.1 400 /],
      ['a length and chunks', `POST /api/signin HTTP/1.1\r\nhost: localhost:${port}\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`, /^HTTP\/1\.1 400 /],
      ['a bare line feed in a header', `GET /livez HTTP/1.1\nhost: localhost:${port}\nx: y\n\n`, /^HTTP\/1\.1 400 /],
    ] as const) {
      const { closed, socket: one } = await hold('127.0.0.5', head)
      assert.match(await closed, expected, what)
      one.destroy()
    }
  })
})
