/** A gateway for texts on loopback, which keeps what is posted to it. */
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ReceivedText {
  url: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Gateway {
  url: string
  received: ReceivedText[]
  /** The status it answers with; 0: it does not answer at all. */
  status: number
  close(): Promise<void>
}

export async function startGateway(): Promise<Gateway> {
  const gateway: Gateway = { url: '', received: [], status: 201, close: async () => {} }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      gateway.received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString('utf8') })
      if (gateway.status === 0) return
      if (gateway.status === 302) response.setHeader('location', `${gateway.url}/elsewhere`)
      response.writeHead(gateway.status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  gateway.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  gateway.close = () => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(() => resolve()))
  }
  return gateway
}
