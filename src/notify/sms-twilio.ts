import type { SmsConfig } from '../config.ts'
import type { Sender, TextMessage } from './message.ts'
import { post } from './sms-http.ts'

/** Twilio's Messages resource, or a service shaped like it. A `from` that begins with MG names a messaging service. */
export function twilioSender(config: Extract<SmsConfig, { kind: 'twilio' }>): Sender<TextMessage> {
  const base = (config.url ?? 'https://api.twilio.com').replace(/\/$/, '')
  const url = `${base}/2010-04-01/Accounts/${encodeURIComponent(config.accountSid)}/Messages.json`
  return {
    send: message =>
      post(url, {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${Buffer.from(`${config.accountSid}:${config.authToken.reveal()}`).toString('base64')}`,
          'i-twilio-idempotency-token': message.dedupeId,
        },
        body: new URLSearchParams({
          To: message.to,
          Body: message.text,
          ...(config.from.startsWith('MG') ? { MessagingServiceSid: config.from } : { From: config.from }),
        }).toString(),
      }),
  }
}
