/**
 * Run by people-clients.test.ts in a process of its own, which knows the test's certificate authority from its start. Each client signs
 * a person in as its own documentation says. What a person does in a browser it asks for on its output, and reads on its input.
 */
import { createInterface } from 'node:readline'
import { DeviceCodeCredential, UsernamePasswordCredential } from '@azure/identity'
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node'
import type { AuthenticationResult } from '@azure/msal-node'
import { Client } from '@microsoft/microsoft-graph-client'
import { TokenCredentialAuthenticationProvider } from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js'

export interface PeopleStage {
  origin: string
  tenantId: string
  /** A public program and a confidential one, which has registered this address. */
  toolId: string
  shopId: string
  shopSecret: string
  callback: string
  userName: string
  password: string
}

export type Said =
  | { ask: 'device'; code: string }
  | { ask: 'visit'; url: string }
  | { name: string; value?: unknown; error?: string }

const stage = JSON.parse(process.argv[2]!) as PeopleStage
const { origin, tenantId, toolId, shopId, shopSecret, callback, userName, password } = stage
const host = new URL(origin).host
const authority = `${origin}/${tenantId}`
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const say = (said: Said) => void process.stdout.write(`${JSON.stringify(said)}\n`)
/** What the person's browser brought back. */
const ask = async (said: Said): Promise<string> => {
  say(said)
  return String((await answers.next()).value)
}

const shown = (result: AuthenticationResult | null) => ({ account: result?.account?.homeAccountId, user: result?.account?.username, scopes: result?.scopes, claims: result?.idTokenClaims, cached: result?.fromCache })
const asPublic = () => new PublicClientApplication({ auth: { clientId: toolId, authority, knownAuthorities: [host] } })
const scopes = ['User.Read']

const steps: Record<string, () => Promise<unknown>> = {
  'msal-node, device code': async () => {
    const app = asPublic()
    const result = await app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: ({ userCode }) => say({ ask: 'device', code: userCode }) })
    await answers.next()
    const silent = await app.acquireTokenSilent({ account: result!.account!, scopes })
    const fresh = await app.acquireTokenSilent({ account: result!.account!, scopes, forceRefresh: true })
    const other = await app.acquireTokenSilent({ account: result!.account!, scopes: [`${origin}/arm/user_impersonation`] })
    return { ...shown(result), silentFromCache: silent.fromCache, freshFromCache: fresh.fromCache, otherScopes: other.scopes }
  },
  'msal-node, password': async () => shown(await asPublic().acquireTokenByUsernamePassword({ scopes, username: userName, password })),
  'msal-node, wrong password': async () => shown(await asPublic().acquireTokenByUsernamePassword({ scopes, username: userName, password: 'wrong' })),
  'msal-node, code with PKCE': async () => {
    const app = new ConfidentialClientApplication({ auth: { clientId: shopId, clientSecret: shopSecret, authority, knownAuthorities: [host] } })
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
    const url = await app.getAuthCodeUrl({ scopes, redirectUri: callback, codeChallenge: challenge, codeChallengeMethod: 'S256', state: 's', nonce: 'n' })
    const code = await ask({ ask: 'visit', url })
    const result = await app.acquireTokenByCode({ scopes, redirectUri: callback, code, codeVerifier: verifier, state: 's', nonce: 'n' }, { code, state: 's' })
    const fresh = await app.acquireTokenSilent({ account: result.account!, scopes, forceRefresh: true })
    return { ...shown(result), freshFromCache: fresh.fromCache }
  },
  'msal-node, the same code again': async () => {
    const app = new ConfidentialClientApplication({ auth: { clientId: shopId, clientSecret: shopSecret, authority, knownAuthorities: [host] } })
    const url = await app.getAuthCodeUrl({ scopes, redirectUri: callback })
    const code = await ask({ ask: 'visit', url })
    await app.acquireTokenByCode({ scopes, redirectUri: callback, code })
    return shown(await app.acquireTokenByCode({ scopes, redirectUri: callback, code }))
  },
  '@azure/identity, device code, and the Graph SDK': async () => {
    const credential = new DeviceCodeCredential({ tenantId, clientId: toolId, authorityHost: origin, disableInstanceDiscovery: true, userPromptCallback: ({ userCode }) => say({ ask: 'device', code: userCode }) })
    const client = Client.initWithMiddleware({ baseUrl: `${origin}/`, customHosts: new Set(['localhost']), authProvider: new TokenCredentialAuthenticationProvider(credential, { scopes: [`${origin}/User.Read`] }) })
    const me = (await client.api('/me').get()) as { userPrincipalName: string }
    await answers.next()
    return { user: me.userPrincipalName }
  },
  '@azure/identity, password': async () => {
    const credential = new UsernamePasswordCredential(tenantId, toolId, userName, password, { authorityHost: origin, disableInstanceDiscovery: true })
    return { length: (await credential.getToken(['User.Read'])).token.length }
  },
}

for (const [name, step] of Object.entries(steps)) {
  try {
    say({ name, value: await step() })
  } catch (error) {
    say({ name, error: `${(error as Error).name}: ${(error as Error).message}` })
  }
}
process.exit(0)
