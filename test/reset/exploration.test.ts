import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { engine, explore } from './explorer.ts'
import type { Engine, Scenario } from './explorer.ts'

const scenario = (change: Partial<Scenario> = {}): Scenario => ({
  disclosure: 'private', onPremises: false, required: 2, methods: ['email', 'mobileSms', 'officeCall'], secondFlow: [], ...change,
})
const twoFlows = scenario({ methods: ['email', 'mobileSms'], secondFlow: ['email'] })

describe('every path through the recovery machine', () => {
  for (const [name, one] of Object.entries<Scenario>({
    'two gates, three methods of which two reach one number': scenario(),
    'one gate that becomes two on the way': scenario({ required: 1 }),
    'one gate, strangers are told': scenario({ required: 1, disclosure: 'standard' }),
    'two gates and a domain that may only unlock': scenario({ onPremises: true, methods: ['email', 'mobileSms'] }),
    'one gate and a domain, strangers are told': scenario({ onPremises: true, required: 1, disclosure: 'standard', methods: ['email', 'mobileSms'] }),
    'two flows at once for one account': twoFlows,
    'two flows at once, one gate that becomes two': { ...twoFlows, required: 1, methods: ['email'] },
  })) {
    test(`sets no password without the gates the policy asks for: ${name}`, t => {
      const outcome = explore(one)
      t.diagnostic(`${outcome.worlds} worlds, ${outcome.steps} steps, ${outcome.impossible} refused, ${outcome.done} ways to a new password`)
      assert.deepEqual(outcome.findings, [])
      assert.ok(outcome.done > 0, 'the person who has the proofs gets there')
      assert.ok(outcome.worlds > 500, 'the world is not trivially small')
    })
  }
})

describe('the walk finds what is wrong', () => {
  const broken: Record<string, { with: Partial<Engine>; in: Scenario; finds: string }> = {
    'a proof remembered without its method, so that "try another way" opens the next gate (CVE-2026-18963)': {
      with: { noteOpensGate: true }, in: scenario({ methods: ['email', 'mobileSms'] }), finds: 'a gate was opened without a code',
    },
    'a code that is held against the flow but not against its method': {
      with: { accepts: (world, flow, _method, code) => code.flow === flow && !code.used && world.clock - code.sentAt < 10 },
      in: scenario({ methods: ['email', 'mobileSms'] }), finds: 'a code of another method opened a gate',
    },
    'gates that are counted and not told apart': {
      with: { gatesSuffice: (passed, required) => passed.length >= required, opensAnotherGate: () => true, transition: countingTransition },
      in: scenario({ methods: ['email'] }), finds: 'a password was set without the gates the policy asks for',
    },
    'a text and a call to one mobile that count as two': {
      with: { gatesSuffice: (passed, required) => passed.length >= required, opensAnotherGate: (passed, gate) => passed.every(other => other.way !== gate.way), transition: countingTransition },
      in: scenario({ methods: ['mobileSms', 'mobileCall'] }), finds: 'a password was set without the gates the policy asks for',
    },
    'two methods to one destination that count as two': {
      with: {
        gatesSuffice: (passed, required) => new Set(passed.map(gate => gate.way)).size >= required,
        opensAnotherGate: (passed, gate) => passed.every(other => other.way !== gate.way),
        transition: countingTransition,
      },
      in: scenario({ methods: ['mobileSms', 'officeCall'] }), finds: 'a password was set without the gates the policy asks for',
    },
    'a code that is looked up by its method alone, whichever flow it was sent in': {
      with: { accepts: (_world, _flow, method, code) => code.method === method && !code.used }, in: twoFlows,
      finds: 'a code of another flow opened a gate',
    },
    'a code that is compared but not used up': {
      with: { consumes: false, opensAnotherGate: () => true }, in: scenario({ methods: ['email'] }), finds: 'a code counted twice',
    },
    'a proof whose answer was lost that opens a gate each time it is sent': {
      with: { repeatOpensGate: true, opensAnotherGate: () => true }, in: scenario({ methods: ['email'] }), finds: 'a code counted twice',
    },
    'a repetition that is not held to the proof that opened the gate': {
      with: { repeatOpensGate: true, repeats: () => true }, in: scenario({ methods: ['email', 'mobileSms'] }), finds: 'a code of another method opened a gate',
    },
    'guesses counted in the flow and not on the account (T-03)': {
      with: { reserve: (world, flow) => world.wrong.filter(one => one === flow).length < 2 }, in: twoFlows,
      finds: 'more guesses were looked at than the account has',
    },
    'a policy remembered from the start of the flow (T-87)': {
      with: { requiredAtCommit: (_world, flow) => Math.max(1, flow.requiredAtStart) }, in: scenario({ required: 1, methods: ['email'] }),
      finds: 'a password was set without the gates the policy asks for',
    },
    'fifteen minutes that are looked at only when the flow begins (LD-19)': {
      with: { isOver: () => false }, in: scenario({ required: 1, methods: ['email'] }), finds: 'a password was set after the flow was over',
    },
    'a table that lets a flow start over from "new password" (T-07)': {
      with: {
        transition: (state, event, facts) => (state === 'GATE1' && event === 'commit' ? 'DONE' : engine.transition(state, event, facts)),
        gatesSuffice: () => true,
      },
      in: scenario({ methods: ['email'] }), finds: 'a password was set without the gates the policy asks for',
    },
  }
  for (const [name, fault] of Object.entries(broken)) {
    test(name, t => {
      const outcome = explore(fault.in, { ...engine, ...fault.with }, fault.finds)
      const finding = outcome.findings.find(one => one.rule === fault.finds)
      assert.ok(finding, `expected "${fault.finds}", found ${JSON.stringify(outcome.findings)}`)
      t.diagnostic(finding.path.join(' → '))
    })
  }
})

/** The machine with a naive count in place of its own: what the table's conditions would be if gates were only counted. */
function countingTransition(...[state, event, facts]: Parameters<Engine['transition']>): ReturnType<Engine['transition']> {
  const unlike = ['email', 'mobileSms', 'officeCall', 'appCode', 'securityQuestions', 'appNotification'] as const
  const padded = facts.passed.map((_, at) => ({ way: unlike[at % unlike.length]!, destinationKey: `d${at}` }))
  return engine.transition(state, event, { ...facts, passed: padded })
}
