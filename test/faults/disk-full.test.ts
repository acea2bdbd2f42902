import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyAudit } from '../../src/store/audit-chain.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import { isPassword } from '../reset/stage.ts'
import { expect, openFaultStage, until, walkToPassword } from './stage.ts'

const chosen = 'Brand-new Kelp 42'

/** A volume of its own, or why there cannot be one. */
function smallVolume(): { folder: string; unmount(): void } | string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-volume-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', folder], { stdio: 'pipe' })
    chmodSync(folder, 0o700)
  } catch (error) {
    rmSync(folder, { recursive: true })
    return `a volume cannot be mounted here: ${String((error as { stderr?: Buffer }).stderr ?? error).trim()}`
  }
  return {
    folder,
    unmount: () => {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    },
  }
}

/** Writes until nothing more fits. */
function fill(file: string): void {
  const ballast = openSync(file, 'a')
  for (let size = 1 << 20; size >= 1; ) {
    try {
      writeSync(ballast, Buffer.alloc(size))
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOSPC') throw error
      size >>= 1
    }
  }
  closeSync(ballast)
}

test('R-11: the disk is full: changes are refused with 503 and none happens without its audit; with room again all is well', async t => {
  const volume = smallVolume()
  if (typeof volume === 'string') return t.skip(volume)
  const options = { file: join(volume.folder, 'latchkey.db') }
  const store = await openStore(options)
  await migrate(store)
  const stage = await openFaultStage({ store: { ...store, options, ownerOptions: options } })
  try {
    const node = await stage.serve()
    const audited = async () => (await stage.app.db.selectFrom('audit').select('id').where('activity', '=', 'Reset password').execute()).length
    const [ann, ben] = [await stage.person('ann'), await stage.person('ben')]
    const [walker, signedIn] = [stage.visitor(node), stage.visitor(node)]
    await walkToPassword(stage, walker, ann)
    expect(await signedIn.signIn(ben.userPrincipalName, ben.password), 200)
    assert.equal((await signedIn.send('GET', '/readyz')).status, 200)

    const ballast = join(volume.folder, 'ballast')
    fill(ballast)
    const ready = await until(async () => {
      const answer = await signedIn.send('GET', '/readyz')
      return answer.status === 503 ? answer : undefined
    })
    assert.ok((ready.json.failing as string[]).includes('disk'), ready.text)

    // The log of the database may have some room of its own left: it is used up, each time with the whole of a change or nothing.
    const stranger = stage.visitor(node)
    let begun = 0
    const full = await until(async () => {
      const answer = await stranger.start(`nobody${begun}@contoso.example`)
      begun += answer.status === 201 || answer.status === 202 ? 1 : 0
      return answer.status >= 500 ? answer : undefined
    })
    assert.deepEqual([full.status, full.headers['retry-after']], [503, '5'])
    const refused = await walker.newPassword(chosen)
    assert.deepEqual([refused.status, refused.json.reasons[0].code], [503, 'LK_UNAVAILABLE'], refused.text)
    const page = await stage.visitor(node).send('GET', '/reset', undefined, { 'accept-language': 'da' })
    assert.ok([200, 503].includes(page.status), 'what only reads may go on')
    const tried = await stage.visitor(node).signIn(ben.userPrincipalName, ben.password)
    assert.equal(tried.status, 503, 'no try is compared that cannot be counted')
    assert.ok(await isPassword(stage.app, ann, ann.password))
    assert.equal(await audited(), 0)
    assert.equal((await stage.visitor(node).send('GET', '/livez')).status, 200)

    rmSync(ballast)
    await until(async () => ((await signedIn.send('GET', '/readyz')).status === 200 ? true : undefined))
    assert.equal(node.process.exitCode, null, 'the same process all the time')
    assert.equal(expect(await walker.newPassword(chosen), 200).json.state, 'DONE')
    assert.ok(await isPassword(stage.app, ann, chosen))
    assert.equal(await audited(), 1)
    expect(await stage.visitor(node).signIn(ann.userPrincipalName, chosen), 200)
    assert.ok((await verifyAudit(stage.app.db, stage.tenantId, stage.app.keys)).whole)
  } finally {
    await stage.close()
    volume.unmount()
  }
})
