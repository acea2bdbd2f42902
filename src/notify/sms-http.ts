import type { SmsConfig } from '../config.ts'
import { PermanentFailure } from './message.ts'
import type { Sender, TextMessage } from './message.ts'

/** Milliseconds for the whole exchange. */
const smsPatience = 10_000

/**
 * A gateway that takes `POST {to, text, from}` as JSON, with a bearer token. `Idempotency-Key` is equal for every try to send
 * the same message. Redirects are not followed (T-70).
 */
export function httpSmsSender(config: Extract<SmsConfig, { kind: 'http' }>): Sender<TextMessage> {
  return {
    send: message =>
      post(config.url, {
        headers: {
          'content-type': 'application/json',
          'idempotency-key': message.dedupeId,
          ...(config.token ? { authorization: `Bearer ${config.token.reveal()}` } : {}),
        },
        body: JSON.stringify({ to: message.to, text: message.text, ...(config.from === undefined ? {} : { from: config.from }) }),
      }),
  }
}

/** Posts and reads the status only. 4xx is final, except where waiting or the operator can mend it. */
export async function post(url: string, request: { headers: Record<string, string>; body: string }): Promise<void> {
  const response = await fetch(url, { method: 'POST', redirect: 'error', signal: AbortSignal.timeout(smsPatience), ...request })
  await response.body?.cancel()
  if (response.ok) return
  const mendable = [401, 403, 404, 408, 425, 429]
  if (response.status < 500 && !mendable.includes(response.status)) throw new PermanentFailure(`the gateway answered ${response.status}`)
  throw new Error(`the gateway answered ${response.status}`)
}
