/** What the token service keeps: signing keys, codes, families of refresh tokens. */
import type { Instant, Json, Once } from './tables.ts'

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

/** A sign-in of a program: one for each token it was given or refused. Narrow, for there are many (store/program-sign-ins.ts). */
export interface ProgramSignInTable {
  tenantId: Once<string>
  /** A GUID that begins with the time: newer ones are greater. */
  id: Once<string>
  at: Once<Instant>
  /** null: there is no such application here. */
  servicePrincipalId: Once<string | null>
  appId: Once<string | null>
  /** The program's name then, or the first character of what was typed (T-78). */
  displayName: Once<string>
  resourceId: Once<string | null> // appId
  method: Once<string> // 'none' | 'clientSecret' | 'clientAssertion' | 'federatedIdentityCredential'
  credentialKeyId: Once<string | null>
  /** The token's `uti`; null when there was none. */
  tokenId: Once<string | null>
  /** The AADSTS code of a refusal, null for success. */
  errorCode: Once<number | null>
  ipAddress: Once<string>
  userAgent: Once<string | null>
  correlationId: Once<string>
}

/** What a program asked of a person at `/authorize`, kept while they sign in. */
export interface AuthorizationRequestTable {
  tenantId: Once<string>
  idHash: Once<string>
  parameters: Once<Json>
  createdAt: Once<Instant>
  expiresAt: Instant
  /** What the person said on our pages: store/authorization-requests.ts. */
  answers: Json
}

/** A code: used once, by whom it was made for. The row stays until it ends, so that a second use is seen. */
export interface AuthorizationCodeTable {
  tenantId: Once<string>
  codeHash: Once<string>
  appId: Once<string>
  userId: Once<string>
  /** Redirect URI, challenge, nonce, scopes, proofs: store/authorization-codes.ts. */
  binding: Once<Json>
  credentialEpoch: Once<number>
  /** As in a session: what ends everything of the installation or the tenant at once. */
  deploymentEpoch: Once<number>
  /** The family its refresh tokens are of, fixed beforehand so that a second use can end it. */
  familyId: Once<string>
  createdAt: Once<Instant>
  expiresAt: Instant
  redeemedAt: Instant | null
}

/** All refresh tokens that come of one sign-in of a person to a program. */
export interface TokenFamilyTable {
  tenantId: Once<string>
  id: Once<string>
  appId: Once<string>
  userId: Once<string>
  clientKind: Once<string> // 'public' | 'confidential' | 'spa'
  scope: string // as asked for first, separated by blanks
  proofs: Once<Json>
  credentialEpoch: Once<number>
  deploymentEpoch: Once<number>
  ipAddress: string | null
  userAgent: string | null
  createdAt: Once<Instant>
  lastUsedAt: Instant
  expiresAt: Instant
  endedAt: Instant | null
  endReason: string | null // 'reused' | 'codeReused'
}

/** One refresh token. A used one stays for as long as its successor may not have arrived. */
export interface RefreshTokenTable {
  tenantId: Once<string>
  tokenHash: Once<string>
  familyId: Once<string>
  createdAt: Once<Instant>
  firstUsedAt: Instant | null
  expiresAt: Instant
}

/** A device that waits for a person to sign in elsewhere. */
export interface DeviceCodeTable {
  tenantId: Once<string>
  deviceCodeHash: Once<string>
  userCodeMac: Once<string>
  appId: Once<string>
  scope: Once<string>
  ipAddress: Once<string | null>
  userAgent: Once<string | null>
  status: string // 'pending' | 'approved' | 'declined' | 'redeemed'
  userId: string | null
  proofs: Json | null
  credentialEpoch: number | null
  deploymentEpoch: number | null
  createdAt: Once<Instant>
  expiresAt: Instant
}

export interface OAuthTables {
  authorizationRequests: AuthorizationRequestTable
  authorizationCodes: AuthorizationCodeTable
  tokenFamilies: TokenFamilyTable
  refreshTokens: RefreshTokenTable
  deviceCodes: DeviceCodeTable
  signingKeys: SigningKeyTable
  programSignIns: ProgramSignInTable
}
