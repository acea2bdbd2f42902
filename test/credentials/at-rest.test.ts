import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { saveAnswers } from '../../src/credentials/answers.ts'
import { createAppPassword } from '../../src/credentials/app-passwords.ts'
import { readContacts, writeContacts } from '../../src/credentials/contacts.ts'
import { addMethod } from '../../src/credentials/methods.ts'
import { openChallenge, sendCode } from '../../src/credentials/send-code.ts'
import { setPassword } from '../../src/credentials/set-password.ts'
import { createTemporaryAccessPass } from '../../src/credentials/temporary-access-pass.ts'
import { newTotpSecret } from '../../src/credentials/totp.ts'
import { verifyPassword } from '../../src/credentials/verify-password.ts'
import { SealBroken } from '../../src/keyring.ts'
import { openLog } from '../../src/log.ts'
import { queueJob, startDispatcher } from '../../src/notify/dispatch.ts'
import { Secret } from '../../src/secret.ts'
import { codeIn } from '../support/capture.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import { onStage } from './stage.ts'
import type { Stage } from './stage.ts'

/** Everything the database holds, as whoever steals it would see it. */
async function dump(stage: Stage): Promise<string> {
  const { file } = (JSON.parse(stage.ticket) as { options: { file?: string } }).options
  if (file !== undefined) return [file, `${file}-wal`].filter(existsSync).map(one => readFileSync(one, 'latin1')).join('')
  const tables = await sql<{ name: string }>`select table_name as name from information_schema.tables where table_schema = 'public'`.execute(stage.app.db)
  assert.ok(tables.rows.length > 30)
  let all = ''
  for (const { name } of tables.rows) {
    const rows = await sql`select * from ${sql.table(name)}`.execute(stage.app.db).catch(() => ({ rows: [] }))
    all += JSON.stringify(rows.rows)
  }
  return all
}

const spellings = (secret: string) => [secret, Buffer.from(secret).toString('base64').replace(/=+$/, ''), Buffer.from(secret).toString('base64url'), Buffer.from(secret).toString('hex')]

onStage('T-73: who steals the database finds none of twelve secrets in it, in clear, base64 or hexadecimal', async stage => {
  const { app, tenantId } = stage
  const canaries: Record<string, string> = {
    password: 'Canary-Passw0rd#17', wrongPassword: 'Canary-Wr0ng#42', answer: 'canary answer one', mobile: '+45 20987654', email: 'canary.private@home.example',
    otherMail: 'canary.other@home.example', contactPhone: '+45 30987654', jobPayload: 'canary-job-payload',
  }
  await changePolicy(app, tenantId, 'tenantSettings', { allowAppPasswords: true })
  await changePolicy(app, tenantId, 'passwordResetPolicy', {
    securityQuestions: ['sq.first.car', 'sq.first.pet', 'sq.first.job'].map(id => ({ id, text: null })), numberOfQuestionsToRegister: 3, numberOfQuestionsToReset: 3,
  })
  const ann = await addPerson(app, tenantId, { name: 'ann', perUserMfaState: 'enforced' })
  const doing = { tenantId, userId: ann.id, actor: { kind: 'user' as const, userId: ann.id }, correlationId: 'c' }
  await setPassword(app, { ...doing, newPassword: new Secret(canaries.password!), channel: 'change-portal' })
  await verifyPassword(app, { tenantId, typedName: ann.userPrincipalName, password: new Secret(canaries.wrongPassword!), place: { address: '192.0.2.1' }, purpose: 'signIn' })
  const answers = ['sq.first.car', 'sq.first.pet', 'sq.first.job'].map((questionId, n) => ({ questionId, answer: new Secret(n === 0 ? canaries.answer! : `other ${n}`) }))
  await saveAnswers(app, { ...doing, answers })
  await addMethod(app, { ...doing, kind: 'mobile', value: canaries.mobile!, origin: 'self', verified: true })
  await addMethod(app, { ...doing, kind: 'email', value: canaries.email!, origin: 'self', verified: true })
  const seed = newTotpSecret()
  await addMethod(app, { ...doing, kind: 'softwareOath', value: seed, origin: 'self', verified: true })
  await app.db.transaction().execute(trx => writeContacts(app, trx, { ...doing, mobilePhone: canaries.contactPhone!, otherMails: [canaries.otherMail!], origin: 'administrator' }))
  const { appPassword } = await createAppPassword(app, { ...doing, displayName: 'Mail' })
  const { pass } = await createTemporaryAccessPass(app, { ...doing, actor: { kind: 'user', userId: 'gus' } })
  const challengeId = await openChallenge(app, app.db, { tenantId, purpose: 'reset', transactionId: 'f', userId: null, method: 'email' })
  await sendCode(app, { tenantId, challengeId, userId: ann.id, to: { kind: 'mail', address: canaries.email! }, locale: 'en' })
  await app.db.transaction().execute(trx => queueJob(app, trx, { tenantId, kind: 'later', payload: canaries.jobPayload, availableAt: app.now() + 60_000 }))
  const waiting = await dump(stage)
  await stage.work()
  const code = codeIn(stage.mail.find(one => one.name === 'resetCode')!.text)
  const secrets = { ...canaries, seed: seed.reveal(), appPassword: appPassword.reveal(), pass: pass.reveal(), code, shownCode: `${code.slice(0, 4)} ${code.slice(4)}` }
  const after = await dump(stage)
  assert.ok(waiting.includes(ann.id) && after.includes(ann.id), 'the dump shows what is there')
  for (const [name, secret] of Object.entries(secrets)) {
    for (const spelling of spellings(secret)) assert.ok(!waiting.includes(spelling) && !after.includes(spelling), `${name}: ${spelling}`)
  }
})

onStage('T-75: the log tells that something failed, and nothing of what was in it', async stage => {
  const { app, tenantId } = stage
  const lines: string[] = []
  app.log = openLog('info', { write: line => void lines.push(line) })
  const ann = await addPerson(app, tenantId, { name: 'ann', mail: 'canary.primary@home.example' })
  const failing = startDispatcher(app, { mail: { send: async () => Promise.reject(new Error('connection refused')) } }, { loop: false })
  const challengeId = await openChallenge(app, app.db, { tenantId, purpose: 'reset', transactionId: 'f', userId: null, method: 'email' })
  await sendCode(app, { tenantId, challengeId, userId: ann.id, to: { kind: 'mail', address: 'canary.private@home.example' }, locale: 'en' })
  await failing.once()
  await failing.stop()
  await app.db.updateTable('domains').set({ signInModel: 'phs' }).where('tenantId', '=', tenantId).execute()
  await app.db.updateTable('users').set({ onPremisesSyncEnabled: true }).execute()
  await changePolicy(app, tenantId, 'onPremisesIntegration', { passwordWritebackEnabled: true })
  stage.setAgents({ writePassword: async () => ({ status: 'done', agentId: 'a' }) })
  await setPassword(app, {
    tenantId, userId: ann.id, newPassword: new Secret('Canary-Passw0rd#17'), channel: 'sspr-portal', actor: { kind: 'user', userId: ann.id }, correlationId: 'c',
    alsoInTransaction: () => Promise.reject(new Error('disk full')),
  })
  await stage.advance(60_000)
  await stage.work()
  const code = codeIn(stage.mail.find(one => one.name === 'resetCode')!.text)
  assert.ok(lines.some(line => line.includes('outbox row will be tried again')) && lines.some(line => line.includes('stored in the domain only')))
  for (const secret of ['Canary-Passw0rd', 'canary.private', 'canary.primary', code, `${code.slice(0, 4)} ${code.slice(4)}`]) assert.ok(!lines.join('').includes(secret), secret)
})

onStage('T-73: a value moved to another row does not open there', async stage => {
  const { app, tenantId } = stage
  const [ann, eve] = [await addPerson(app, tenantId, { name: 'ann', otherMails: ['ann@home.example'] }), await addPerson(app, tenantId, { name: 'eve', otherMails: ['eve@evil.example'] })]
  const evil = await app.db.selectFrom('userContacts').select(['valueSealed', 'valueIndex']).where('userId', '=', eve.id).executeTakeFirstOrThrow()
  await app.db.updateTable('userContacts').set(evil).where('userId', '=', ann.id).execute()
  await assert.rejects(readContacts(app, tenantId, ann.id), SealBroken)
})
