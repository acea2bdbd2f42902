/**
 * The development mode's own certificate authority and the certificate of localhost, kept in the data folder (LD-13). Clients
 * such as the Azure command line refuse plain HTTP, so HTTPS must work without anyone buying or faking anything.
 */
import { createPrivateKey, X509Certificate, webcrypto } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface CertificateFiles {
  /** The authority, to be trusted by hand: `curl --cacert`, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE. */
  caFile: string
  /** The certificate of localhost, followed by the authority's. */
  certificateFile: string
  keyFile: string
}

const days = 24 * 60 * 60 * 1000
const leafDays = 397 // what browsers accept at most
const renewBefore = 30 * days
const caDays = 3650

/**
 * Makes what is missing and renews the leaf when less than 30 days are left; the authority stays, so that whoever trusts it
 * goes on trusting it. Cheap when there is nothing to do: the certificate library (100 ms) is loaded only to make one.
 * Reads this machine's clock and not the server's, for clients judge a certificate by theirs.
 */
export async function ensureCertificate(folder: string, now = Date.now()): Promise<CertificateFiles> {
  const files = { caFile: join(folder, 'ca.pem'), certificateFile: join(folder, 'localhost.pem'), keyFile: join(folder, 'localhost-key.pem') }
  const caKeyFile = join(folder, 'ca-key.pem')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const haveCa = existsSync(files.caFile) && existsSync(caKeyFile) && (await lasts(files.caFile, now, leafDays * days))
  if (haveCa && (await lasts(files.certificateFile, now, renewBefore)) && (await belongTogether(files))) return files

  await import('reflect-metadata') // @peculiar/x509 needs it and does not bring it
  const x509 = await import('@peculiar/x509')
  const ca = haveCa ? await readAuthority(x509, files.caFile, caKeyFile) : await makeAuthority(x509, now)
  const leaf = await makeLeaf(x509, ca, now)
  if (!haveCa) {
    await writeOwn(caKeyFile, await privatePem(ca.keys.privateKey))
    await writeOwn(files.caFile, pem(ca.certificate))
  }
  await writeOwn(files.keyFile, await privatePem(leaf.keys.privateKey))
  await writeOwn(files.certificateFile, pem(leaf.certificate) + pem(ca.certificate))
  return files
}

type X509 = typeof import('@peculiar/x509')
/** The library's types are the browser's; Node's keys are the same things under another name. */
type Keys = Parameters<X509['X509CertificateGenerator']['createSelfSigned']>[0]['keys']
interface Issued {
  certificate: import('@peculiar/x509').X509Certificate
  keys: Keys
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const signing = { name: 'ECDSA', hash: 'SHA-256' }
const newKeys = (): Promise<Keys> => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<unknown> as Promise<Keys>

async function makeAuthority(x509: X509, now: number): Promise<Issued> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=Latchkey development authority, O=Latchkey',
    notBefore: new Date(now - days),
    notAfter: new Date(now + caDays * days),
    keys: keys,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keys }
}

async function makeLeaf(x509: X509, ca: Issued, now: number): Promise<Issued> {
  const keys = await newKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=localhost',
    issuer: ca.certificate.subject,
    notBefore: new Date(now - days),
    notAfter: new Date(now + (leafDays - 1) * days),
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm: signing,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
      // Strict verifiers (Python's VERIFY_X509_STRICT, openssl -x509_strict) want both identifiers.
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca.keys.publicKey),
    ],
  })
  return { certificate, keys }
}

async function readAuthority(x509: X509, caFile: string, caKeyFile: string): Promise<Issued> {
  const certificate = new x509.X509Certificate(await readFile(caFile, 'utf8'))
  const der = x509.PemConverter.decodeFirst(await readFile(caKeyFile, 'utf8'))
  const privateKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
  const publicKey = await certificate.publicKey.export(algorithm, ['verify'])
  return { certificate, keys: { privateKey, publicKey } as unknown as Keys }
}

/** True when the file holds a certificate that is good for that much longer. */
async function lasts(file: string, now: number, margin: number): Promise<boolean> {
  try {
    return new X509Certificate(await readFile(file)).validToDate.getTime() > now + margin
  } catch {
    return false
  }
}

/** False after a start that was killed between writing the key and writing the certificate. */
async function belongTogether(files: CertificateFiles): Promise<boolean> {
  try {
    return new X509Certificate(await readFile(files.certificateFile)).checkPrivateKey(createPrivateKey(await readFile(files.keyFile)))
  } catch {
    return false
  }
}

/** Positive and never zero: the first hexadecimal digit is 1 to 7. */
function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = (bytes[0]! & 0x7f) | 0x10
  return Buffer.from(bytes).toString('hex')
}

/** The library leaves out the last line end, without which two of them joined are no PEM. */
const pem = (certificate: Issued['certificate']): string => `${certificate.toString('pem')}\n`

async function privatePem(key: Keys['privateKey']): Promise<string> {
  const lines = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key as webcrypto.CryptoKey)).toString('base64').match(/.{1,64}/g)!
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
}

/** Whole or not at all, and for the owner only. */
async function writeOwn(file: string, text: string): Promise<void> {
  const beside = `${file}.${process.pid}`
  await writeFile(beside, text, { mode: 0o600 })
  await rename(beside, file)
}
