import { setTimeout as wait } from 'node:timers/promises'
import type { Call } from './call.ts'
import { Client, Refused, keptToken } from './client.ts'
import type { TokenAnswer } from './client.ts'

/** This program, as every organisation knows it (rules/first-party.ts). */
export const clientId = '7d6f4a52-3c0b-4e18-9a5d-1f2b6c8e90a4'

interface Metadata {
  token_endpoint: string
  device_authorization_endpoint: string
}

interface Waiting {
  device_code: string
  message: string
  interval: number
}

interface Answer extends TokenAnswer {
  error?: string
  error_description?: string
}

/**
 * `latchkey login --device [--tenant NAME]`: shows a code to be typed in a browser anywhere, and waits until somebody has signed in
 * there. Keeps tokens in place of a session: no password passes through here.
 */
export async function deviceLogin(call: Call): Promise<number> {
  const client = new Client(call, true)
  const tenant = String(call.options['tenant'] ?? 'organizations')
  const metadata = await client.get<Metadata>(`/${encodeURIComponent(tenant)}/v2.0/.well-known/openid-configuration`)
  const scope = `${client.server}/.default offline_access openid profile`
  const begun = await client.postForm<Waiting & Answer>(`${metadata.device_authorization_endpoint}?mkt=${call.locale}`, { client_id: clientId, scope })
  if (begun.status !== 200) throw refused(call, begun.body)
  call.io.stderr.write(`${begun.body.message}\n`)
  for (;;) {
    await wait(begun.body.interval * 1000)
    const { body, status } = await client.postForm<Answer>(metadata.token_endpoint, {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: clientId, device_code: begun.body.device_code,
    })
    if (body.error === 'authorization_pending') continue
    if (status !== 200) throw refused(call, body)
    client.useToken(keptToken(body, { tokenEndpoint: metadata.token_endpoint, clientId }))
    client.save()
    const { userPrincipalName } = await client.get<{ userPrincipalName: string }>('/v1.0/me')
    call.io.stdout.write(`${call.say('cli.signedIn', { name: userPrincipalName, server: client.server })}\n`)
    return 0
  }
}

/** What ends the waiting, in the caller's language where it is one of the usual ends. */
function refused(call: Call, { error, error_description: description }: Answer): Refused {
  const code = error ?? 'UNKNOWN'
  const usual = code === 'authorization_declined' ? 'cli.device.declined' : code === 'expired_token' ? 'cli.device.expired' : undefined
  return new Refused(usual ? call.say(usual) : (description ?? call.say('cli.unexpected', { status: 400 })), code, 400)
}
