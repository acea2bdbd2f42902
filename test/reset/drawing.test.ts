import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { finalStates, isFinal, resetEvents, resetStates, resetTransitions, transition } from '../../src/rules/reset-machine.ts'
import type { ResetMachineFacts } from '../../src/rules/reset-machine.ts'

const drawing = readFileSync(new URL('../../src/reset/reset.mmd', import.meta.url), 'utf8')
const arrows = [...drawing.matchAll(/^ {2}(\w+|\[\*\]) --> (\w+|\[\*\])(?:: (\w+))?$/gm)].map(([, from, to, event]) => `${from} ${event ?? ''} ${to}`)

test('the drawing shows every row of the table and nothing else', () => {
  const rows = resetTransitions.map(row => `${row.from} ${row.event} ${row.to}`)
  const ends = ['[*]  IDENTIFY', ...finalStates.map(state => `${state}  [*]`)]
  assert.deepEqual([...new Set(arrows)].sort(), [...new Set([...rows, ...ends])].sort())
  assert.equal(arrows.length, new Set(arrows).size, 'no arrow is drawn twice')
})

test('every state can be reached and every event leads somewhere', () => {
  const reached = new Set(['IDENTIFY', ...resetTransitions.map(row => row.to)])
  assert.deepEqual(resetStates.filter(state => !reached.has(state)), [])
  assert.deepEqual(resetEvents.filter(event => !resetTransitions.some(row => row.event === event)), [])
})

test('out of an end leads nothing but a call for help, and into "done" nothing without the gates', () => {
  const facts: ResetMachineFacts = { verdict: 'allowed', blocked: false, gatesRequired: 1, passed: [], mayOnlyUnlock: true, intent: 'unlock' }
  for (const state of resetStates)
    for (const event of resetEvents) {
      const to = transition(state, event, facts)
      if (isFinal(state) && event !== 'contactAdministrator') assert.equal(to, 'impossible', `${state} ${event}`)
      assert.ok(!/^(DONE|CHOOSE|COMMIT)/.test(to) || to === state || state === 'COMMIT', `${state} ${event} leads to ${to} without a gate`)
      assert.ok(to === state || !to.startsWith('DONE'), `${state} ${event} leads to ${to} without a gate`)
    }
  assert.equal(transition('CHOOSE', 'commit', { ...facts, gatesRequired: 0 }), 'impossible', 'a number that got lost opens nothing')
})
