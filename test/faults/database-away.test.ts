import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import { translate } from '../../src/text.ts'
import { isPassword } from '../reset/stage.ts'
import { asSuperuser, ownerRole, privateCluster, serverRole } from '../support/postgres.ts'
import type { PrivateCluster } from '../support/postgres.ts'
import type { TestStore } from '../support/store.ts'
import { expect, openFaultStage, until, walkToPassword } from './stage.ts'
import type { Answer, FaultStage, Node, Visitor } from './stage.ts'

const chosen = 'Brand-new Kelp 42'

async function ownDatabase(cluster: PrivateCluster): Promise<TestStore> {
  await asSuperuser(cluster.port, 'postgres', client => client.query(`create database latchkey owner ${ownerRole}`))
  const ownerOptions = { databaseUrl: cluster.url('latchkey', ownerRole), owner: true }
  const owner = await openStore(ownerOptions)
  await migrate(owner, { serveRole: serverRole })
  await owner.close()
  const options = { databaseUrl: cluster.url('latchkey') }
  return { ...(await openStore(options)), options, ownerOptions }
}

/** What people and programs ask all the time, each with what it must never answer while nobody can check anything. */
const asked: Record<string, (visitor: Visitor, stage: FaultStage) => Promise<Answer>> = {
  'sign-in': visitor => visitor.signIn('ann@contoso.example', 'Gr8-ann-Kelp#71'),
  'a reset begun': visitor => visitor.start('ann@contoso.example'),
  'a session': visitor => visitor.send('GET', '/api/sessions'),
  'a page of one’s own': visitor => visitor.send('GET', '/security-info'),
  'the directory': visitor => visitor.send('GET', '/v1.0/users'),
  'mail clients': visitor => visitor.send('GET', '/auth/basic', undefined, { authorization: `Basic ${btoa('ann@contoso.example:x')}` }),
}

async function outage(stage: FaultStage, node: Node, away: () => Promise<void>, back: () => Promise<void>, diagnose: (message: string) => void): Promise<void> {
  const ann = await stage.person('ann')
  const signedIn = stage.visitor(node)
  expect(await signedIn.signIn(ann.userPrincipalName, ann.password), 200)
  const walker = stage.visitor(node)
  await walkToPassword(stage, walker, ann)
  const cookies = new Map(signedIn.cookies)

  // Load goes on all the time, from before the outage until after it.
  const phase = { now: 'before' as 'before' | 'going' | 'away' | 'coming' | 'after' }
  const seen: { name: string; phase: string; answer: Answer }[] = []
  const loads = Object.entries(asked).map(async ([name, ask]) => {
    while (phase.now !== 'after') {
      const visitor = stage.visitor(node)
      if (name !== 'sign-in') for (const [key, value] of cookies) visitor.cookies.set(key, value) // signing in would end the session
      const begun = phase.now
      const answer = await ask(visitor, stage)
      // What began before the outage or ended after it may have been served.
      if (begun === 'away' && phase.now === 'away') seen.push({ name, phase: begun, answer })
      await sleep(30)
    }
  })
  await sleep(200)
  phase.now = 'going'
  await away()
  phase.now = 'away'
  await until(() => (new Set(seen.map(one => one.name)).size === Object.keys(asked).length ? true : undefined))

  const lost = walker.newPassword(chosen)
  assert.equal((await stage.visitor(node).send('GET', '/livez')).status, 200)
  const ready = await stage.visitor(node).send('GET', '/readyz')
  assert.equal(ready.status, 503)
  assert.ok((ready.json.failing as string[]).includes('database'), ready.text)
  await Promise.all((['en', 'da', 'nb', 'lv'] as const).map(async locale => {
    const page = await stage.visitor(node).send('GET', '/reset', undefined, { 'accept-language': locale })
    assert.deepEqual([page.status, page.headers['retry-after']], [503, '5'])
    assert.match(page.text, new RegExp(`<html[^>]* lang="${locale}"`))
    assert.ok(page.text.includes(translate(locale, 'reason.LK_UNAVAILABLE').replaceAll("'", '&#39;')), page.text.slice(0, 2_000))
  }))
  assert.equal((await lost).status, 503)
  for (const { name, answer } of seen) {
    assert.equal(answer.status, 503, `${name}: ${answer.text.slice(0, 300)}`)
    assert.equal(answer.headers['retry-after'], '5', name)
  }

  phase.now = 'coming'
  const start = performance.now()
  await back()
  const accepting = performance.now()
  await until(async () => ((await stage.visitor(node).send('GET', '/readyz')).status === 200 ? true : undefined))
  await until(async () => ((await stage.visitor(node).signIn(ann.userPrincipalName, ann.password)).status === 200 ? true : undefined))
  diagnose(`served again ${Math.round(performance.now() - accepting)} ms after the database (which took ${Math.round(accepting - start)} ms); ${seen.length} answers meanwhile`)
  phase.now = 'after'
  await Promise.all(loads)
  assert.equal(node.process.exitCode, null, 'the same process all the time')
  assert.equal((await signedIn.send('GET', '/api/sessions')).status, 200, 'nobody was signed out')
  assert.equal(expect(await walker.newPassword(chosen), 200).json.state, 'DONE', 'the gate that was passed is not passed for nothing')
  assert.ok(await isPassword(stage.app, ann, chosen))
  const bea = await stage.person('bea')
  const next = stage.visitor(node)
  await walkToPassword(stage, next, bea)
  expect(await next.newPassword(chosen), 200)
}

for (const [name, away, back] of [
  ['stopped', (cluster: PrivateCluster) => cluster.stop(), (cluster: PrivateCluster) => cluster.start()],
  ['silent, as when the line is cut', async (cluster: PrivateCluster) => cluster.freeze(), async (cluster: PrivateCluster) => cluster.thaw()],
] as const) {
  test(`R-04: the database is ${name}: 503 everywhere and never a yes, in four languages; it comes back and so does the server`, async t => {
    const cluster = await privateCluster()
    const stage = await openFaultStage({ store: await ownDatabase(cluster) })
    try {
      const node = await stage.serve()
      await outage(stage, node, () => away(cluster), () => back(cluster), message => t.diagnostic(message))
    } finally {
      await stage.close().catch(() => {})
      await cluster.remove()
    }
  })
}
