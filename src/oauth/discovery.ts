/** What clients read before anything else: metadata, keys, which hosts are one cloud, what kind of account a name is (oauth §2 to §5). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { readPolicies } from '../store/policies.ts'
import { findTenantByDomain } from '../store/tenants.ts'
import { tokenHeaders } from './error-answer.ts'
import { aadsts } from './errors.ts'
import { issuerOf } from './access-token.ts'
import { publishedKeys } from './signing-keys.ts'
import { resolveTenant } from './tenant-segment.ts'

const segmentOf = (request: FastifyRequest): string => (request.params as { tenant: string }).tenant

/** Anybody's script may read what is public anyway (T-36). */
function publicly(request: FastifyRequest, reply: FastifyReply, body: object): FastifyReply {
  tokenHeaders(request, reply)
  return reply.header('access-control-allow-origin', '*').type('application/json; charset=utf-8').serializer(JSON.stringify).send(body)
}

/**
 * GET `/{tenant}/v2.0/.well-known/openid-configuration`, and the elder form without `v2.0`. Every address names the tenant by its id,
 * whatever the request called it: MSAL for Python takes the tenant from the token endpoint (oauth §2).
 */
export async function openIdConfiguration(app: App, request: FastifyRequest, reply: FastifyReply, version: 1 | 2): Promise<FastifyReply> {
  const { tenantId, kind } = await resolveTenant(app, segmentOf(request))
  const { signingAlgorithm } = (await readPolicies(app.db, tenantId)).tenantSettings
  const at = `${request.origin}/${tenantId}`
  const { hostname, host } = new URL(request.origin)
  // Whoever asks as for AD FS goes on to speak v2: MSAL sends scopes, not resources (real-clients §3.2).
  const v2 = version === 2 || kind === 'adfs'
  const endpoint = (name: string) => (v2 ? `${at}/oauth2/v2.0/${name}` : `${at}/oauth2/${name}`)
  return publicly(request, reply, {
    issuer: issuerOf(request.origin, tenantId, v2 ? 2 : 1),
    // There is one door for browsers; the elder metadata name it too.
    authorization_endpoint: `${at}/oauth2/v2.0/authorize`,
    token_endpoint: endpoint('token'),
    device_authorization_endpoint: endpoint('devicecode'),
    end_session_endpoint: endpoint('logout'),
    jwks_uri: v2 ? `${at}/discovery/v2.0/keys` : `${at}/discovery/keys`,
    userinfo_endpoint: `${request.origin}/oidc/userinfo`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    token_endpoint_auth_signing_alg_values_supported: ['PS256', 'RS256', 'ES256'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    response_types_supported: ['code', 'id_token', 'code id_token'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code'],
    code_challenge_methods_supported: ['S256', 'plain'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: [signingAlgorithm],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    request_uri_parameter_supported: false,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    claims_supported: [
      'sub', 'iss', 'cloud_instance_name', 'cloud_instance_host_name', 'cloud_graph_host_name', 'msgraph_host', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'nonce',
      'preferred_username', 'name', 'tid', 'ver', 'at_hash', 'c_hash', 'email',
    ],
    ...(v2 ? {} : { microsoft_multi_refresh_token: true }),
    tenant_region_scope: null,
    cloud_instance_name: hostname,
    cloud_graph_host_name: host,
    msgraph_host: host,
  })
}

/** GET `/{tenant}/discovery/v2.0/keys`: every key that signs, will sign, or has signed what may still be shown to somebody. */
export async function keySet(app: App, request: FastifyRequest, reply: FastifyReply, version: 1 | 2): Promise<FastifyReply> {
  const { tenantId } = await resolveTenant(app, segmentOf(request))
  const keys = await publishedKeys(app, tenantId)
  const issuer = issuerOf(request.origin, tenantId, version)
  return publicly(request, reply, { keys: keys.map(({ jwk }) => ({ ...jwk, ...(version === 2 ? { issuer } : {}) })) })
}

/**
 * GET `/common/discovery/instance`: clients ask it of Microsoft's host, so it is reached where that name leads here. Of the address they
 * send only host and tenant count, for MSAL for Python drops the port (real-clients §2.2).
 */
export async function instanceDiscovery(app: App, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const query = request.query as Record<string, string | undefined>
  const asked = query['authorization_endpoint'] ?? ''
  const address = URL.canParse(asked) ? new URL(asked) : undefined
  const ours = app.config.listeners.map(one => new URL(one.origin).hostname)
  const own = new URL(request.origin)
  if (address === undefined || ![own.hostname, ...ours].includes(address.hostname)) throw aadsts(50049)
  const { tenantId } = await resolveTenant(app, address.pathname.split('/')[1] || 'common')
  return publicly(request, reply, {
    tenant_discovery_endpoint: `${request.origin}/${tenantId}/v2.0/.well-known/openid-configuration`,
    'api-version': query['api-version'] === '1.0' ? '1.0' : '1.1',
    metadata: [{ preferred_network: own.host, preferred_cache: own.hostname, aliases: [...new Set([own.host, own.hostname])] }],
  })
}

/** GET `/common/userrealm/{upn}`: of the domain alone, so it says of nobody that they are here (oauth §5, T-01). */
export async function userRealm(app: App, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { name } = request.params as { name: string }
  const domain = name.includes('@') ? name.slice(name.lastIndexOf('@') + 1).toLowerCase() : ''
  const known = domain !== '' && domain.length <= 253 && (await findTenantByDomain(app.db, domain)) !== undefined
  const cloud = { cloud_instance_name: new URL(request.origin).hostname, cloud_audience_urn: 'urn:federation:MicrosoftOnline' }
  return publicly(request, reply, known ? { ver: '1.0', account_type: 'Managed', domain_name: domain, ...cloud } : { ver: '1.0', account_type: 'Unknown', ...cloud })
}
