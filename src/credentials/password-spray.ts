import type { App } from '../app.ts'
import type { Secret } from '../secret.ts'
import { reserve } from '../store/limits.ts'

const day = 86_400_000

/**
 * One wrong password tried on so many names of a tenant within a day is being sprayed (T-25): after that it is not compared any
 * more for a day, from wherever it comes, except from places that the account has been signed in from. Whoever has the same
 * password is kept out by it only where a stranger would be.
 */
const sprayed = { limit: 40, windowMs: day, lockMs: day } as const
const oncePerName = { limit: 1, windowMs: day } as const

interface Tried {
  tenantId: string
  accountKey: string
  password: Secret
}

/** Whether this password is compared for strangers, as one of the tries of a moment; spends nothing. */
export function sprayLook(app: App, tried: Tried) {
  return { key: passwordKey(app, tried), kind: sprayed, look: true }
}

/** Counts a wrong password once for each name. */
export async function noteWrongPassword(app: App, tried: Tried, now: number): Promise<void> {
  const { tenantId, accountKey, password } = tried
  if (password.isEmpty) return
  const own = app.keys.mac('badPassword', `spray name\n${accountKey}\n${textOf(password)}`)
  const first = await reserve(app.db, { tenantId, key: `spray-name:${own}`, kind: oncePerName, now })
  if (first.served) await reserve(app.db, { tenantId, key: passwordKey(app, tried), kind: sprayed, now })
}

const textOf = (password: Secret): string => password.reveal().slice(0, 5_000).normalize('NFKC')
const passwordKey = (app: App, { tenantId, password }: Tried): string => `spray:${app.keys.mac('badPassword', `spray\n${tenantId}\n${textOf(password)}`)}`
