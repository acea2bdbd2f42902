/** What the token service keeps: signing keys, codes, families of refresh tokens. */
import type { Instant, Once } from './tables.ts'

/** A key that signs tokens. Which one signs is a question of time alone, so every process changes over at the same moment. */
export interface SigningKeyTable {
  tenantId: Once<string>
  kid: Once<string> // base64url of SHA-1 of the certificate
  purpose: Once<string> // 'access' | 'id'
  algorithm: Once<string> // 'RS256' | 'ES256'
  privateKeySealed: Once<string> // PKCS #8, PEM
  certificate: Once<string> // DER in base64, signed by the key itself
  createdAt: Instant
  /** Signs from this moment, until another of its purpose and algorithm does. */
  activeFrom: Instant
  /** Published until this moment; null while no other has followed it. */
  retireAt: Instant | null
}

export interface OAuthTables {
  signingKeys: SigningKeyTable
}
