// oidc-provider as its documentation sets up machine clients: client credentials, JWT access tokens for one resource, RS256 over RSA-2048,
// its own in-memory store. With a second argument every token is a row in that SQLite file, committed before the answer leaves.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import Provider from 'oidc-provider'

const [port, log] = process.argv.slice(2)
const resource = 'https://graph.microsoft.com'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{ client_id: 'bench', client_secret: 'bench-bench-bench-bench-bench-bench-bench', grant_types: ['client_credentials'], redirect_uris: [], response_types: [], token_endpoint_auth_method: 'client_secret_post' }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'bench' }] },
  ttl: { ClientCredentials: 3600 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({ scope: 'read', audience: resource, accessTokenTTL: 3600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
    },
  },
})
if (log) {
  const database = new DatabaseSync(log)
  database.exec('pragma journal_mode = wal; pragma synchronous = full') // as Latchkey keeps its own
  database.exec('create table if not exists tokens (id integer primary key, at integer, client text, address text)')
  const insert = database.prepare('insert into tokens (at, client, address) values (?, ?, ?)')
  provider.on('grant.success', context => insert.run(Date.now(), context.oidc.client.clientId, context.ip))
}
createServer(provider.callback()).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
