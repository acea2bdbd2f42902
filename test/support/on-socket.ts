/** A whole installation on a socket of its own, for real browsers. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { listen } from '../../src/listen.ts'
import { makeApp } from './make-app.ts'
import type { TestApp } from './make-app.ts'

export interface OnSocket {
  t: TestApp
  origin: string
  close(): Promise<void>
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise(done => server.close(done))
  return port
}

export async function makeAppOnSocket(): Promise<OnSocket> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const listener = { origin, host: '127.0.0.1', port }
  const t = await makeApp({ config: { publicOrigin: origin, listeners: [listener] } })
  const socket = await listen(t.server, listener)
  return {
    t, origin,
    close: async () => {
      await socket.close()
      await t.close()
    },
  }
}
