/** Devices that wait for somebody to sign in elsewhere (oauth §9). */
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import type { Epochs } from './standing.ts'

export interface DeviceCode {
  tenantId: string
  deviceCodeHash: string
  userCodeMac: string
  appId: string
  scope: string
  /** From where it was started. */
  ipAddress: string | null
  userAgent: string | null
  status: 'pending' | 'approved' | 'declined' | 'redeemed'
  /** Who approved it, and what they had proved. */
  userId: string | null
  proofs: { method: string; at: number }[]
  credentialEpoch: number | null
  deploymentEpoch: number | null
  createdAt: number
  expiresAt: number
}

export type NewDeviceCode = Pick<DeviceCode, 'tenantId' | 'deviceCodeHash' | 'userCodeMac' | 'appId' | 'scope' | 'ipAddress' | 'userAgent' | 'createdAt' | 'expiresAt'>

/** False when the code that people type is taken: make another. */
export async function insertDeviceCode(db: Db, row: NewDeviceCode): Promise<boolean> {
  const written = await db.insertInto('deviceCodes')
    .values({ ...row, status: 'pending', userId: null, proofs: null, credentialEpoch: null, deploymentEpoch: null })
    .onConflict(clash => clash.columns(['tenantId', 'userCodeMac']).doNothing()).returning('deviceCodeHash').executeTakeFirst()
  return written !== undefined
}

export async function findDeviceCode(db: Db, tenantId: string, deviceCodeHash: string): Promise<DeviceCode | undefined> {
  return open(await db.selectFrom('deviceCodes').select(columns.deviceCodes).where('tenantId', '=', tenantId).where('deviceCodeHash', '=', deviceCodeHash).executeTakeFirst())
}

/** The one that still waits under what somebody typed: its keyed hashes, one for each key in use. */
export async function findWaitingDevice(db: Db, tenantId: string, userCodeMacs: readonly string[], now: number): Promise<DeviceCode | undefined> {
  return open(await db.selectFrom('deviceCodes').select(columns.deviceCodes).where('tenantId', '=', tenantId).where('userCodeMac', 'in', userCodeMacs)
    .where('status', '=', 'pending').where('expiresAt', '>', now).executeTakeFirst())
}

/** Somebody signed in for the device; true for the first to say anything. */
export async function approveDevice(
  trx: Db, { tenantId, deviceCodeHash, userId, proofs, credentialEpoch, deploymentEpoch, now }: Epochs & {
    tenantId: string
    deviceCodeHash: string
    userId: string
    proofs: readonly { method: string; at: number }[]
    now: number
  },
): Promise<boolean> {
  const row = await waiting(trx, tenantId, deviceCodeHash, now)
    .set({ status: 'approved', userId, proofs: JSON.stringify(proofs), credentialEpoch, deploymentEpoch }).returning('deviceCodeHash').executeTakeFirst()
  return row !== undefined
}

export async function declineDevice(trx: Db, { tenantId, deviceCodeHash, now }: { tenantId: string; deviceCodeHash: string; now: number }): Promise<boolean> {
  const row = await waiting(trx, tenantId, deviceCodeHash, now).set({ status: 'declined' }).returning('deviceCodeHash').executeTakeFirst()
  return row !== undefined
}

/** The poll that gets the tokens: true for one. */
export async function redeemDevice(trx: Db, tenantId: string, deviceCodeHash: string): Promise<boolean> {
  const row = await trx.updateTable('deviceCodes').set({ status: 'redeemed' }).where('tenantId', '=', tenantId).where('deviceCodeHash', '=', deviceCodeHash)
    .where('status', '=', 'approved').returning('deviceCodeHash').executeTakeFirst()
  return row !== undefined
}

const waiting = (trx: Db, tenantId: string, deviceCodeHash: string, now: number) =>
  trx.updateTable('deviceCodes').where('tenantId', '=', tenantId).where('deviceCodeHash', '=', deviceCodeHash).where('status', '=', 'pending').where('expiresAt', '>', now)

function open(row: (Omit<DeviceCode, 'proofs' | 'status'> & { proofs: string | null; status: string }) | undefined): DeviceCode | undefined {
  return row && { ...row, status: row.status as DeviceCode['status'], proofs: row.proofs === null ? [] : (JSON.parse(row.proofs) as DeviceCode['proofs']) }
}
