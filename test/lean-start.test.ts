import assert from 'node:assert/strict'
import { PerformanceObserver, constants } from 'node:perf_hooks'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { startIsOver } from '../src/lean-start.ts'

test('what the start left behind is collected once, a moment after it, and nobody else can ask for that', async context => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let asked = 0
  const collections = new PerformanceObserver(seen => {
    for (const { detail } of seen.getEntries() as (PerformanceEntry & { detail: { kind: number } })[]) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) asked++
  })
  collections.observe({ entryTypes: ['gc'] })
  const told = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve))
    return asked
  }
  startIsOver()
  assert.equal(await told(), 0, 'the first pages do not wait')
  context.mock.timers.tick(1_000)
  const first = await told()
  assert.ok(first > 0)
  startIsOver()
  context.mock.timers.tick(1_000)
  assert.equal(await told(), first)
  collections.disconnect()
  assert.equal(runInNewContext('typeof gc'), 'undefined')
})
