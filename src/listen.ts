import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { readFileSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Listener } from './config.ts'
import { arrivedAt } from './server.ts'

/** Slow and idle clients are let go (T-27, milliseconds); a body still has half a minute. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, connectionsCheckingInterval: 2_000 }
const largestHeader = 16 * 1024
const connectionsPerAddress = 256

/** A socket that is open; `origin` names the port it really got. */
export interface Listening {
  origin: string
  close(): Promise<void>
}

/**
 * Opens one socket for a listener and hands its requests to the server.
 * @throws what the system says, for example EADDRINUSE
 */
export async function listen(server: FastifyInstance, listener: Listener, perAddress = connectionsPerAddress): Promise<Listening> {
  const open = { ...listener }
  const options = { ...timeouts, maxHeaderSize: largestHeader }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    arrivedAt.set(request, open)
    server.routing(request, response)
  }
  const http: HttpServer = listener.tls
    ? createHttpsServer({ ...options, cert: readFileSync(listener.tls.certificateFile), key: readFileSync(listener.tls.keyFile), minVersion: 'TLSv1.2' }, handle)
    : createHttpServer(options, handle)
  http.maxHeadersCount = 100
  http.maxRequestsPerSocket = 1000
  limitConnections(http, perAddress)
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen({ port: listener.port, host: listener.host }, () => resolve())
  })
  if (listener.port === 0) {
    const url = new URL(listener.origin)
    url.port = String((http.address() as AddressInfo).port)
    open.origin = url.origin
  }
  return { origin: open.origin, close: () => close(http) }
}

/** One address cannot hold every socket; a proxy in front shares one address, so the operator raises the bound there. */
function limitConnections(http: HttpServer, perAddress: number): void {
  const held = new Map<string, number>()
  http.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const count = (held.get(address) ?? 0) + 1
    if (count > perAddress) return void socket.destroy()
    held.set(address, count)
    socket.once('close', () => {
      const left = (held.get(address) ?? 1) - 1
      if (left === 0) held.delete(address)
      else held.set(address, left)
    })
  })
}

function close(http: HttpServer): Promise<void> {
  return new Promise(resolve => {
    http.close(() => resolve())
    http.closeIdleConnections()
    setTimeout(() => http.closeAllConnections(), 20_000).unref() // twenty seconds for what is under way
  })
}
