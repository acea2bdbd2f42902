/** A real mail server on loopback, which keeps what it is given. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  from: string
  to: string[]
  /** The message as it came over the wire. */
  raw: string
  /** The connection was encrypted when it came. */
  encrypted: boolean
  user: string | undefined
}

export interface MailServer {
  port: number
  /** The certificate to trust. */
  certificate: string
  received: ReceivedMail[]
  close(): Promise<void>
}

/** `tls`: from the first byte. `startTls`: offered. `plain`: not offered. Users sign in as `latchkey` with `letter-box`. */
export async function startMailServer(
  options: { kind: 'tls' | 'startTls' | 'plain'; login?: boolean; answer?: (to: string) => Error | undefined } = { kind: 'plain' },
): Promise<MailServer> {
  const { key, certificate } = certificateFor('localhost')
  const received: ReceivedMail[] = []
  const server = new SMTPServer({
    secure: options.kind === 'tls',
    key,
    cert: certificate,
    authOptional: !options.login,
    disabledCommands: options.kind === 'plain' ? ['STARTTLS'] : [],
    onAuth: ({ username, password }, _session, done) =>
      username === 'latchkey' && password === 'letter-box' ? done(null, { user: username }) : done(Object.assign(new Error('no'), { responseCode: 535 })),
    onRcptTo: ({ address }, _session, done) => done(options.answer?.(address) ?? null),
    onData: (stream, session, done) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        received.push({
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
          to: session.envelope.rcptTo.map(one => one.address),
          raw: Buffer.concat(parts).toString('utf8'),
          encrypted: Boolean(session.secure),
          user: session.user,
        })
        done()
      })
    },
  })
  server.on('error', () => {}) // clients that break off are part of the tests
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  return { port, certificate, received, close: () => new Promise(resolve => server.close(() => resolve())) }
}

function certificateFor(name: string): { key: string; certificate: string } {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-smtp-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
}
