/**
 * The configuration file's shape, said once: it checks the file, names the environment variables, and is published as
 * config.schema.json for editors (a test compares; `latchkey config-schema` prints it).
 */
import { Type, type TProperties } from 'typebox'

const text = (description: string, more: object = {}) => Type.Optional(Type.String({ description, minLength: 1, ...more }))
const port = (description: string, standard?: number) =>
  Type.Optional(Type.Integer({ description, minimum: 0, maximum: 65535, ...(standard === undefined ? {} : { default: standard }) }))
/** A secret is given by name here, or better as the file that holds it (`…File`, or LATCHKEY_…_FILE). */
const secret = (description: string) => Type.Optional(Type.String({ description, minLength: 1, secret: true }))
const fileOf = (key: string) => text(`The file that holds ${key}; its owner alone may read it.`)
const group = <P extends TProperties>(properties: P, description: string) =>
  Type.Optional(Type.Object(properties, { description, additionalProperties: false }))

export const configSchema = Type.Object(
  {
    publicOrigin: text('Where people reach Latchkey, as they type it: https://reset.example.org. Links in mail and texts lead here.'),
    listen: group(
      {
        host: text('The address to listen on. Leave it at loopback when a proxy on this machine stands in front.', { default: '127.0.0.1' }),
        port: port('The port to listen on.', 8080),
        tls: group(
          {
            certificateFile: text('PEM: the certificate and those above it.'),
            keyFile: text('PEM: the private key; its owner alone may read it.'),
          },
          'Certificate and key, when Latchkey itself speaks HTTPS.',
        ),
      },
      'The socket of the server.',
    ),
    dataDir: text('A folder for the SQLite file and files written once; made for its owner alone.', { default: '/var/lib/latchkey' }),
    keysFile: text('The keys that seal what is stored. Back it up apart from the database: neither is of use without the other.', {
      default: '/etc/latchkey/keys.json',
    }),
    database: group(
      {
        url: secret('postgres://user:password@host/name. Without it an SQLite file in dataDir is used.'),
        urlFile: fileOf('database.url'),
        ownerUrl: secret('PostgreSQL: the role that owns the tables, used by latchkey migrate only.'),
        ownerUrlFile: fileOf('database.ownerUrl'),
      },
      'Where everything is kept.',
    ),
    trustedProxies: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'Addresses and networks (10.0.0.7, 10.1.0.0/16) of proxies whose X-Forwarded-For is believed.',
        default: [],
        maxItems: 100,
      }),
    ),
    mail: group(
      {
        provider: Type.Optional(
          Type.Union([Type.Literal('smtp'), Type.Literal('none'), Type.Literal('folder')], {
            description: 'smtp; none: no mail at all; folder: development only.',
            default: 'none',
          }),
        ),
        host: text('The mail server.'),
        port: port('Its port; 465 for tls, 587 for startTls, 25 for none when left out.'),
        security: Type.Optional(
          Type.Union([Type.Literal('tls'), Type.Literal('startTls'), Type.Literal('none')], {
            description: 'tls from the first byte, startTls demanded, none towards a relay on this machine only.',
            default: 'startTls',
          }),
        ),
        username: text('The name to sign in with at the mail server.'),
        password: secret('The password to sign in with at the mail server.'),
        passwordFile: fileOf('mail.password'),
        from: text('The sender: "Contoso <no-reply@contoso.example>" or the bare address.'),
      },
      'How mail is sent.',
    ),
    sms: group(
      {
        provider: Type.Optional(
          Type.Union([Type.Literal('none'), Type.Literal('http'), Type.Literal('twilio'), Type.Literal('folder')], {
            description: 'none: no texts; http: a gateway of your own; twilio; folder: development only.',
            default: 'none',
          }),
        ),
        url: text('http: the https address that takes a POST of {"to", "text", "from"}.'),
        token: secret('http: sent as "Authorization: Bearer …".'),
        tokenFile: fileOf('sms.token'),
        accountSid: text('twilio: the account.'),
        authToken: secret('twilio: its token.'),
        authTokenFile: fileOf('sms.authToken'),
        from: text('The sender as the provider wants it: a number or a name.'),
      },
      'How texts are sent.',
    ),
    logLevel: Type.Optional(
      Type.Union([Type.Literal('info'), Type.Literal('warn'), Type.Literal('error'), Type.Literal('silent')], {
        description: 'What is written to standard output, one JSON line each.',
        default: 'info',
      }),
    ),
    breachedPasswordsFile: text('SHA-1 hashes of passwords known from breaches, one a line, sorted. None is shipped or fetched.'),
  },
  {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Latchkey configuration',
    description: 'Every key may also be given as an environment variable: LATCHKEY_ and the key in capitals, mail.host as LATCHKEY_MAIL_HOST.',
    additionalProperties: false,
  },
)

export type ConfigFile = Type.Static<typeof configSchema>

/** One key of the file: where it stands, and how the environment names it. */
export interface ConfigKey {
  path: readonly string[]
  env: string
  kind: 'string' | 'integer' | 'list'
  secret: boolean
}

interface SchemaNode {
  type?: string
  properties?: Record<string, SchemaNode>
  secret?: boolean
}

/** Every key that can be given, in the schema's order. */
export const configKeys: readonly ConfigKey[] = collect(configSchema as SchemaNode, [])

function collect(node: SchemaNode, path: string[]): ConfigKey[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const here = [...path, name]
    if (child.properties) return collect(child, here)
    const kind = child.type === 'array' ? 'list' : child.type === 'integer' ? 'integer' : 'string'
    return [{ path: here, env: envName(here), kind, secret: child.secret === true } satisfies ConfigKey]
  })
}

/** ['listen', 'tls', 'certificateFile'] → 'LATCHKEY_LISTEN_TLS_CERTIFICATE_FILE'. */
export function envName(path: readonly string[]): string {
  return `LATCHKEY_${path.map(part => part.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()).join('_')}`
}

/** What config.schema.json holds. */
export function publishedSchema(): string {
  return `${JSON.stringify(configSchema, null, 2)}\n`
}
