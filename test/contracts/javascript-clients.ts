/**
 * Run by javascript-clients.test.ts in a process of its own, which knows the test's certificate authority from its start. Each client is
 * used as its own documentation says, with nothing but an address, an id and a secret or a certificate. Prints what came of each.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ClientCertificateCredential, ClientSecretCredential } from '@azure/identity'
import { ConfidentialClientApplication } from '@azure/msal-node'
import { Client } from '@microsoft/microsoft-graph-client'
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

export interface Stage {
  origin: string
  tenantId: string
  domain: string
  appId: string
  secret: string
  /** PEM of key and certificate. */
  pemFile: string
  sha1: string
  sha256: string
  /** Another program's identifier, whose tokens are version 2. */
  resource: string
  resourceAppId: string
}

export interface Outcome {
  token?: string
  value?: unknown
  error?: { name: string; code?: unknown; message: string }
}

const stage = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Stage
const { origin, tenantId, domain, appId, secret, pemFile, sha1, sha256 } = stage
const graph = 'https://graph.microsoft.com/.default'
const host = new URL(origin).host
const pem = readFileSync(pemFile, 'utf8')
const privateKey = /-----BEGIN PRIVATE KEY[^]+?END PRIVATE KEY-----/.exec(pem)![0]
const x5c = /-----BEGIN CERTIFICATE[^]+?END CERTIFICATE-----/.exec(pem)![0]

const msal = (auth: object) => new ConfidentialClientApplication({ auth: { clientId: appId, authority: `${origin}/${tenantId}`, knownAuthorities: [host], ...auth } })
const byMsal = async (auth: object, scope = graph) => (await msal(auth).acquireTokenByClientCredential({ scopes: [scope] }))!.accessToken
const identity = { authorityHost: origin, disableInstanceDiscovery: true }

const hex = (text: string) => Buffer.from(text, 'base64url').toString('hex').toUpperCase()
const signingKey = (name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS') =>
  crypto.subtle.importKey('pkcs8', createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'der' }) as Buffer<ArrayBuffer>, { name, hash: 'SHA-256' }, false, ['sign'])

async function byOpenId(authentication?: openid.ClientAuth, scope = graph): Promise<string> {
  const config = await openid.discovery(new URL(`${origin}/${tenantId}/v2.0`), appId, secret, authentication)
  return (await openid.clientCredentialsGrant(config, { scope })).access_token
}

async function byOauth4webapi(authentication: oauth.ClientAuth): Promise<string> {
  const issuer = new URL(`${origin}/${tenantId}/v2.0`)
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer))
  const client = { client_id: appId }
  const reply = await oauth.clientCredentialsGrantRequest(server, client, authentication, new URLSearchParams({ scope: graph }))
  return (await oauth.processClientCredentialsResponse(server, client, reply)).access_token
}

const scenarios: Record<string, () => Promise<string | { value: unknown }>> = {
  'msal-node with a secret': () => byMsal({ clientSecret: secret }),
  'msal-node for a tenant by its domain': () => byMsal({ clientSecret: secret, authority: `${origin}/${domain}` }),
  'msal-node with a certificate': () => byMsal({ clientCertificate: { thumbprintSha256: hex(sha256), privateKey } }),
  'msal-node with a certificate and its chain': () => byMsal({ clientCertificate: { thumbprintSha256: hex(sha256), privateKey, x5c } }),
  'msal-node with the elder thumbprint': () => byMsal({ clientCertificate: { thumbprint: hex(sha1), privateKey } }),
  'msal-node, another resource': () => byMsal({ clientSecret: secret }, `${stage.resource}/.default`),
  'msal-node with a wrong secret': () => byMsal({ clientSecret: `${secret}x` }),
  'msal-node for a tenant nobody has': () => byMsal({ clientSecret: secret, authority: `${origin}/nobody.example` }),
  'identity with a secret': async () => (await new ClientSecretCredential(tenantId, appId, secret, identity).getToken(graph)).token,
  'identity with a certificate': async () => (await new ClientCertificateCredential(tenantId, appId, { certificatePath: pemFile }, identity).getToken(graph)).token,
  'identity with a certificate and its chain': async () =>
    (await new ClientCertificateCredential(tenantId, appId, { certificatePath: pemFile }, { ...identity, sendCertificateChain: true }).getToken(graph)).token,
  'identity with a wrong secret': async () => (await new ClientSecretCredential(tenantId, appId, 'x'.repeat(40), identity).getToken(graph)).token,
  'openid-client with a secret': () => byOpenId(),
  'openid-client with HTTP Basic': () => byOpenId(openid.ClientSecretBasic(secret)),
  'openid-client with a key it names': async () => byOpenId(openid.PrivateKeyJwt({ key: await signingKey('RSASSA-PKCS1-v1_5'), kid: sha1 })),
  'openid-client with PS256 and x5t#S256': async () =>
    byOpenId(openid.PrivateKeyJwt({ key: await signingKey('RSA-PSS') }, { [openid.modifyAssertion]: (header: Record<string, unknown>) => void (header['x5t#S256'] = sha256) })),
  'openid-client with a wrong secret': () => byOpenId(openid.ClientSecretPost('wrong')),
  'openid-client without a resource': () => byOpenId(undefined, 'User.Read.All'),
  'oauth4webapi with a secret': () => byOauth4webapi(oauth.ClientSecretPost(secret)),
  'oauth4webapi with HTTP Basic': () => byOauth4webapi(oauth.ClientSecretBasic(secret)),
  'the Graph SDK': async () => {
    const credential = new ClientSecretCredential(tenantId, appId, secret, identity)
    const authProvider = new TokenCredentialAuthenticationProvider(credential, { scopes: [`${origin}/.default`] })
    const client = Client.initWithMiddleware({ baseUrl: `${origin}/`, customHosts: new Set([new URL(origin).hostname]), authProvider })
    return { value: await client.api('/users').select('id,displayName').top(5).get() }
  },
  'jose over a token for another resource': async () => {
    const token = await byMsal({ clientSecret: secret }, `${stage.resource}/.default`)
    const keys = createRemoteJWKSet(new URL(`${origin}/${tenantId}/discovery/v2.0/keys`))
    const { payload, protectedHeader } = await jwtVerify(token, keys, { issuer: `${origin}/${tenantId}/v2.0`, audience: stage.resourceAppId })
    const { keys: published } = (await (await fetch(`${origin}/${tenantId}/discovery/v2.0/keys`)).json()) as { keys: { kid: string; x5t: string; x5c: string[] }[] }
    const key = published.find(one => one.kid === protectedHeader.kid)!
    const certificate = new X509Certificate(Buffer.from(key.x5c[0]!, 'base64'))
    const thumbprint = Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url')
    return { value: { payload, alg: protectedHeader.alg, thumbprintIsKid: thumbprint === key.kid && thumbprint === key.x5t, selfSigned: certificate.verify(certificate.publicKey) } }
  },
}

for (const [name, run] of Object.entries(scenarios)) {
  let outcome: Outcome
  try {
    const came = await run()
    outcome = typeof came === 'string' ? { token: came } : came
  } catch (error) {
    const { name: kind, code, errorCode, error: oauthError, message, cause } = error as Error & { code?: unknown; errorCode?: unknown; error?: unknown; cause?: { error_description?: string } }
    outcome = { error: { name: kind, code: errorCode ?? oauthError ?? code, message: `${message} ${cause?.error_description ?? ''}` } }
  }
  process.stdout.write(`${JSON.stringify([name, outcome])}\n`)
}
