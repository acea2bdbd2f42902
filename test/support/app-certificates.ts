/** Certificates of programs, made by openssl as engineers make them. Each is made once in a process. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, sign as signBytes, constants } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestCertificate {
  /** PEM. */
  certificate: string
  privateKeyPem: string
  privateKey: KeyObject
}

export interface Recipe {
  name?: string
  /** Arguments of `openssl genpkey`. */
  key?: readonly string[]
  /** As az makes its own: X.509 v1, signed with SHA-1. */
  likeAz?: boolean
  days?: number
}

export const rsa = (bits: number) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`]
export const ec = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`]

const made = new Map<string, TestCertificate>()

export function certificate(recipe: Recipe = {}): TestCertificate {
  const known = JSON.stringify(recipe)
  const found = made.get(known) ?? make(recipe)
  made.set(known, found)
  return found
}

function make({ name = 'Shop', key = rsa(2048), likeAz = false, days = 365 }: Recipe): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-certificate-'))
  const file = (ending: string) => join(folder, `one.${ending}`)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  try {
    openssl('genpkey', ...key, '-out', file('key'))
    openssl('req', '-new', '-key', file('key'), '-subj', `/CN=${name}`, '-out', file('csr'))
    // `x509 -req` without extensions makes version 1; `-set_serial` keeps it from writing files of its own.
    const version = likeAz ? ['-sha1'] : ['-sha256', '-extfile', extensions(folder)]
    openssl('x509', '-req', '-in', file('csr'), '-signkey', file('key'), '-set_serial', '7', ...version, '-days', String(days), '-out', file('crt'))
    const privateKeyPem = readFileSync(file('key'), 'utf8')
    return { certificate: readFileSync(file('crt'), 'utf8'), privateKeyPem, privateKey: createPrivateKey(privateKeyPem) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function extensions(folder: string): string {
  const path = join(folder, 'extensions')
  writeFileSync(path, 'basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature\n')
  return path
}

/** The body of a PEM, as `key` wants it. */
export const bodyOf = (pem: string): string => pem.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, '')

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A signed token; `alg` as it stands in the header. */
export function signToken(key: KeyObject, header: Record<string, unknown>, claims: Record<string, unknown>): string {
  const signed = `${part(header)}.${part(claims)}`
  const { alg } = header
  const options = alg === 'PS256' ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key
  return `${signed}.${signBytes('sha256', Buffer.from(signed), options).toString('base64url')}`
}
