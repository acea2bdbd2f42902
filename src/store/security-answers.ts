import type { Db } from '../app.ts'

export interface SecurityAnswerRow {
  questionId: string
  questionText: string | null
  answerHash: string
  createdDateTime: number
}

/** The answers of a person, in the order of their question ids. */
export function readAnswers(db: Db, tenantId: string, userId: string): Promise<SecurityAnswerRow[]> {
  return db
    .selectFrom('securityAnswers')
    .select(['questionId', 'questionText', 'answerHash', 'createdDateTime'])
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('questionId')
    .limit(100)
    .execute()
}

/** Replaces the whole set; an empty one removes it. */
export async function replaceAnswers(trx: Db, tenantId: string, userId: string, rows: readonly SecurityAnswerRow[]): Promise<void> {
  await trx.deleteFrom('securityAnswers').where('tenantId', '=', tenantId).where('userId', '=', userId).execute()
  await trx.deleteFrom('questionDraws').where('tenantId', '=', tenantId).where('userId', '=', userId).execute()
  if (rows.length > 0) await trx.insertInto('securityAnswers').values(rows.map(row => ({ tenantId, userId, ...row }))).execute()
}

/** The pinned pool of questions, with the moment it was drawn. */
export async function findDraw(db: Db, tenantId: string, userId: string): Promise<{ questionIds: string[]; drawnAt: number } | undefined> {
  const row = await db
    .selectFrom('questionDraws')
    .select(['questionIds', 'drawnAt'])
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return row && { questionIds: JSON.parse(row.questionIds) as string[], drawnAt: row.drawnAt }
}

/** Pins a pool unless a younger one than `pinnedAfter` is there already; answers with the pool that counts. */
export async function pinDraw(
  db: Db,
  draw: { tenantId: string; userId: string; questionIds: string[]; drawnAt: number },
  pinnedAfter: number,
): Promise<string[]> {
  await db
    .insertInto('questionDraws')
    .values({ ...draw, questionIds: JSON.stringify(draw.questionIds) })
    .onConflict(conflict =>
      conflict
        .columns(['tenantId', 'userId'])
        .doUpdateSet({ questionIds: JSON.stringify(draw.questionIds), drawnAt: draw.drawnAt })
        .where('questionDraws.drawnAt', '<=', pinnedAfter),
    )
    .execute()
  return (await findDraw(db, draw.tenantId, draw.userId))?.questionIds ?? draw.questionIds
}
