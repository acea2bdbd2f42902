import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { Secret } from '../secret.ts'
import type { CertificateFiles } from './certificate.ts'

export interface DevelopmentOptions {
  dataDir?: string
  /** 0: any that is free. */
  httpPort?: number
  httpsPort?: number
  databaseUrl?: string
}

/** Loopback only: mail, texts, passwords and the clock lie open here. */
const host = '127.0.0.1'

/** Where the development mode keeps everything, and how it is reached; without files of a certificate there is no HTTPS listener. */
export function developmentConfig(options: DevelopmentOptions, certificate?: CertificateFiles): Config {
  const dataDir = resolve(options.dataDir ?? 'data')
  const httpOrigin = `http://localhost:${options.httpPort ?? 8080}`
  return {
    mode: 'development',
    publicOrigin: httpOrigin,
    listeners: [
      { origin: httpOrigin, host, port: options.httpPort ?? 8080 },
      ...(certificate
        ? [{
            origin: `https://localhost:${options.httpsPort ?? 8443}`,
            host,
            port: options.httpsPort ?? 8443,
            tls: { certificateFile: certificate.certificateFile, keyFile: certificate.keyFile },
          }]
        : []),
    ],
    dataDir,
    databaseFile: join(dataDir, 'latchkey.db'),
    ...(options.databaseUrl ? { databaseUrl: new Secret(options.databaseUrl) } : {}),
    keysFile: join(dataDir, 'keys.json'),
    trustedProxies: [],
    mail: { kind: 'folder' },
    sms: { kind: 'folder' },
    logLevel: 'warn',
  }
}

/** A port nobody listens on at this moment, for tests that start several servers side by side. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, host, done))
  const { port } = server.address() as AddressInfo
  await new Promise(done => server.close(done))
  return port
}
