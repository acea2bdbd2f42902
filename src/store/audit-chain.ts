/** Whether the audit log is whole (T-77), and cutting its oldest end so that it stays provably whole (LD-53). */
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { genesis, hashOf } from './audit.ts'
import type { AuditRow } from './audit.ts'
import { columns } from './columns.ts'
import { inTransaction } from './engine.ts'
import type { AuditCheckpointTable } from './tables.ts'

/** Signs with a key that is not in the database: src/keyring.ts. */
export interface AuditKeys {
  mac(purpose: 'audit', text: string): string
  macMatches(purpose: 'audit', text: string, mac: string): boolean
}

export type Checkpoint = Selectable<AuditCheckpointTable>

/**
 * What is wrong with the first row that is not as it was written: `altered`: the row itself; `missing`: it is gone; `reordered`:
 * it does not follow the one before it; `truncated`: the newest rows are gone, this one first; `checkpoint`: a signed checkpoint
 * tells of another row, or its signature does not hold.
 */
export type AuditProblem = 'altered' | 'missing' | 'reordered' | 'truncated' | 'checkpoint'

export type Verified = { whole: true; rows: number; newest: number } | { whole: false; rows: number; sequence: number; problem: AuditProblem }

const page = 500

/** Walks a tenant's whole chain. Without keys the signatures of the checkpoints are not checked. */
export async function verifyAudit(db: Db, tenantId: string, keys?: Pick<AuditKeys, 'macMatches'>): Promise<Verified> {
  const checkpoints = await readCheckpoints(db, tenantId)
  const broken = keys && [...checkpoints.values()].find(one => !keys.macMatches('audit', signedText(one), one.signature))
  if (broken) return { whole: false, rows: 0, sequence: broken.sequence, problem: 'checkpoint' }
  // Read before the rows: what is appended meanwhile must not look like a row too many.
  const head = await db.selectFrom('auditHeads').select(['sequence', 'hash']).where('tenantId', '=', tenantId).executeTakeFirst()
  const newest = Math.max(head?.sequence ?? 0, ...checkpoints.keys())

  let last: { sequence: number; hash: string } | undefined
  let rows = 0
  for (;;) {
    const batch = await readRows(db, tenantId, last?.sequence ?? 0)
    for (const row of batch) {
      last ??= startBefore(row, checkpoints)
      const problem = problemOf(row, last, checkpoints.get(row.sequence))
      if (problem) return { whole: false, rows, sequence: problem === 'missing' ? last.sequence + 1 : row.sequence, problem }
      if (row.sequence === head?.sequence && row.hash !== head.hash) return { whole: false, rows, sequence: row.sequence, problem: 'altered' }
      last = row
      rows += 1
    }
    if (batch.length < page) break
  }
  const reached = last?.sequence ?? newestCheckpoint(checkpoints)
  if (reached < newest) return { whole: false, rows, sequence: reached + 1, problem: 'truncated' }
  if (!head && rows > 0) {
    // Either the head was taken away, or the chain began while we looked.
    const begun = await db.selectFrom('auditHeads').select('sequence').where('tenantId', '=', tenantId).executeTakeFirst()
    return begun ? verifyAudit(db, tenantId, keys) : { whole: false, rows, sequence: reached + 1, problem: 'truncated' }
  }
  return { whole: true, rows, newest: reached }
}

/** Where the chain begins: nowhere, or at the checkpoint that stands for what was pruned. */
function startBefore(first: AuditRow, checkpoints: Map<number, Checkpoint>): { sequence: number; hash: string } {
  const checkpoint = checkpoints.get(first.sequence - 1)
  return checkpoint ?? { sequence: 0, hash: genesis }
}

function problemOf(row: AuditRow, before: { sequence: number; hash: string }, checkpoint: Checkpoint | undefined): AuditProblem | undefined {
  if (row.sequence !== before.sequence + 1) return 'missing'
  if (row.previousHash !== before.hash) return 'reordered'
  if (hashOf(row) !== row.hash) return 'altered'
  return checkpoint && checkpoint.hash !== row.hash ? 'checkpoint' : undefined
}

const newestCheckpoint = (checkpoints: Map<number, Checkpoint>): number => Math.max(0, ...checkpoints.keys())

function readRows(db: Db, tenantId: string, after: number): Promise<AuditRow[]> {
  return db.selectFrom('audit').select(columns.audit).where('tenantId', '=', tenantId).where('sequence', '>', after).orderBy('sequence').limit(page).execute()
}

async function readCheckpoints(db: Db, tenantId: string): Promise<Map<number, Checkpoint>> {
  const rows = await db.selectFrom('auditCheckpoints').select(columns.auditCheckpoints).where('tenantId', '=', tenantId).orderBy('sequence').execute()
  return new Map(rows.map(row => [row.sequence, row]))
}

const signedText = ({ tenantId, sequence, hash, at }: Omit<Checkpoint, 'signature'>): string => JSON.stringify([tenantId, sequence, hash, at])

/**
 * Signs the newest row and returns the checkpoint, for keeping off this machine too; undefined when there is nothing new to sign.
 * From then on even whoever can write every table cannot rewrite the rows before it unseen.
 */
export async function checkpointAudit(db: Db, { tenantId, keys, now }: { tenantId: string; keys: AuditKeys; now: number }): Promise<Checkpoint | undefined> {
  const head = await db.selectFrom('auditHeads').select(['sequence', 'hash']).where('tenantId', '=', tenantId).executeTakeFirst()
  if (!head || head.sequence === 0) return undefined
  return writeCheckpoint(db, { tenantId, sequence: head.sequence, hash: head.hash, at: now }, keys)
}

async function writeCheckpoint(db: Db, checkpoint: Omit<Checkpoint, 'signature'>, keys: AuditKeys): Promise<Checkpoint | undefined> {
  const row = { ...checkpoint, signature: keys.mac('audit', signedText(checkpoint)) }
  const written = await db.insertInto('auditCheckpoints').values(row).onConflict(clash => clash.columns(['tenantId', 'sequence']).doNothing()).returning('sequence').executeTakeFirst()
  return written && row
}

/**
 * Removes rows older than `before` from the oldest end only, up to the first that is younger, after a signed checkpoint stands
 * for them. The newest row always stays. On PostgreSQL as the tables' owner: the server's role may not delete. Verify first, or
 * a damage goes unnoticed with the rows. Returns how many went.
 */
export async function pruneAudit(
  db: Db,
  { tenantId, before, keys, now }: { tenantId: string; before: number; keys: AuditKeys; now: number },
): Promise<number> {
  const upTo = await lastToPrune(db, tenantId, before)
  if (!upTo) return 0
  await writeCheckpoint(db, { tenantId, sequence: upTo.sequence, hash: upTo.hash, at: now }, keys)
  let removed = 0
  for (;;) {
    const some = await inTransaction(db, trx => deleteOldest(trx, tenantId, upTo.sequence))
    removed += some
    if (some < page) return removed
  }
}

/** When the oldest row that could be pruned was written: undefined while there is none but the newest, which always stays. */
export async function oldestAudit(db: Db, tenantId: string): Promise<number | undefined> {
  const oldest = await db.selectFrom('audit').select('activityDateTime').where('tenantId', '=', tenantId).orderBy('sequence').limit(2).execute()
  return oldest.length < 2 ? undefined : oldest[0]!.activityDateTime
}

/** The row before the oldest that stays: the oldest young enough, or the newest of all. */
async function lastToPrune(db: Db, tenantId: string, before: number): Promise<{ sequence: number; hash: string } | undefined> {
  const rows = (): ReturnType<typeof bySequence> => bySequence(db, tenantId)
  const young = await rows().where('activityDateTime', '>=', before).orderBy('sequence').limit(1).executeTakeFirst()
  const stays = young ?? (await rows().orderBy('sequence', 'desc').limit(1).executeTakeFirst())
  return stays && rows().where('sequence', '<', stays.sequence).orderBy('sequence', 'desc').limit(1).executeTakeFirst()
}

const bySequence = (db: Db, tenantId: string) => db.selectFrom('audit').select(['sequence', 'hash']).where('tenantId', '=', tenantId)

async function deleteOldest(trx: Db, tenantId: string, upTo: number): Promise<number> {
  const edge = await bySequence(trx, tenantId).where('sequence', '<=', upTo).orderBy('sequence').offset(page - 1).limit(1).executeTakeFirst()
  const { numDeletedRows } = await trx
    .deleteFrom('audit')
    .where('tenantId', '=', tenantId)
    .where('sequence', '<=', edge?.sequence ?? upTo)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
