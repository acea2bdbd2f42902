/**
 * Codes and refresh tokens: random text that says which tenant it is of (and a refresh token, of which family), so that one store
 * row is looked for and nothing else. The store knows their hashes only (T-73).
 */
import { createHash, randomBytes } from 'node:crypto'

export type OpaqueKind = 'code' | 'refresh' | 'device'
const letters: Readonly<Record<OpaqueKind, string>> = { code: 'c', refresh: 'r', device: 'd' }

export interface OpaqueToken {
  tenantId: string
  /** Refresh tokens only; '' for the others. */
  familyId: string
  hash: string
}

/** Makes one, 256 random bits. */
export function newOpaqueToken(kind: OpaqueKind, tenantId: string, familyId = ''): { text: string; hash: string } {
  const tenant = Buffer.from(tenantId.replaceAll('-', ''), 'hex').toString('base64url')
  const text = `1${letters[kind]}.${tenant}.${familyId === '' ? '' : `${familyId}.`}${randomBytes(32).toString('base64url')}`
  return { text, hash: hashOf(text) }
}

export const newFamilyId = (): string => randomBytes(16).toString('base64url')

/** Reads one of that kind; undefined for anything we have not made. */
export function readOpaqueToken(kind: OpaqueKind, text: string): OpaqueToken | undefined {
  const parts = text.length > 150 ? null : /^1([crd])\.([\w-]{22})\.(?:([\w-]{22})\.)?[\w-]{43}$/.exec(text)
  if (!parts || parts[1] !== letters[kind] || (kind === 'refresh') !== (parts[3] !== undefined)) return undefined
  const hex = Buffer.from(parts[2]!, 'base64url').toString('hex')
  const tenantId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { tenantId, familyId: parts[3] ?? '', hash: hashOf(text) }
}

/** The tenant of whatever a token request shows, for addresses that name none (`/common/…`). */
export function tenantShown(form: Readonly<Record<string, string>>): string | undefined {
  const shown = { code: form['code'], refresh: form['refresh_token'], device: form['device_code'] ?? form['code'] }
  for (const [kind, text] of Object.entries(shown) as [OpaqueKind, string | undefined][]) {
    const read = text === undefined ? undefined : readOpaqueToken(kind, text)
    if (read) return read.tenantId
  }
  return undefined
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')
