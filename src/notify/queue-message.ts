import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { enqueue, outboxChannel } from '../store/outbox.ts'
import type { Locale } from '../text.ts'
import { destinationIndex } from './destination.ts'
import type { Destination, MessageValues, QueuedMessage } from './message.ts'
import { lifetimeOf, messageDefinition } from './messages.ts'
import type { MessageName } from './messages.ts'

/** Where the contents of an outbox row live, for the key ring. */
export function outboxPlace(tenantId: string, id: string) {
  return { tenantId, table: 'outbox', column: 'payloadSealed', rowId: id }
}

/**
 * Puts a message into the outbox, in the transaction of its cause: it leaves within milliseconds of the commit, and never
 * without one. `to` must be a stored destination of the person, never something from a request (T-08). With a
 * `dedupeId` that another row of the tenant waits with nothing happens. Returns the row's id, undefined when nothing was added.
 */
export async function queueMessage(
  app: App,
  trx: Db,
  message: {
    tenantId: string
    name: MessageName
    to: Destination
    locale: Locale
    values?: MessageValues
    dedupeId?: string
    /** Not before; now when not given. */
    availableAt?: number
    expiresAt?: number
    /** Found again by an administrator in the log of deliveries. */
    supportCode?: string
  },
): Promise<string | undefined> {
  const { tenantId, name, to, locale, values = {}, supportCode } = message
  const definition = messageDefinition(name)
  if (definition.channel !== to.kind) throw new Error(`${name} is a message by ${definition.channel}, not by ${to.kind}`)
  const missing = definition.values.filter(one => values[one] === undefined && one !== 'hint')
  if (missing.length > 0) throw new Error(`${name} needs the values ${missing.join(', ')}`)
  const id = randomUUID()
  const now = app.now()
  const payload: QueuedMessage = { name, to, locale, values, ...(supportCode ? { supportCode } : {}) }
  const added = await enqueue(trx, {
    tenantId,
    id,
    kind: to.kind,
    payloadSealed: await app.keys.sealText(outboxPlace(tenantId, id), JSON.stringify(payload), trx),
    recipientIndex: destinationIndex(app, tenantId, to.address),
    dedupeId: message.dedupeId ?? id,
    now,
    availableAt: message.availableAt ?? now,
    expiresAt: message.expiresAt ?? now + lifetimeOf(name),
  })
  if (added !== undefined) await app.wake.wake(trx, outboxChannel, id)
  return added
}
