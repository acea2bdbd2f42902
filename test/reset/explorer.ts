/**
 * Walks every path of the recovery machine in a small world: one account, two flows at once, codes, a clock, a policy that
 * tightens, an account that is switched off. What the product decides is handed in as an `Engine`, so that the same walk can be
 * made with a deliberately broken one. What must hold is judged here, from a record the engine never sees.
 */
import { gatesSuffice, isFinal, opensAnotherGate, resetEvents, transition } from '../../src/rules/reset-machine.ts'
import type { ResetEvent, ResetMachineFacts, ResetState } from '../../src/rules/reset-machine.ts'
import type { PassedGate } from '../../src/rules/gates.ts'

/** Text and call are one method; mobile and office lead to the same number: two methods, one destination. */
export const destinations = { email: 'mailbox', mobileSms: 'number', mobileCall: 'number', officeCall: 'number' } as const
type Method = keyof typeof destinations

interface Challenge {
  id: string
  flow: number
  method: Method
  sentAt: number
  used: boolean
}

interface Gate extends PassedGate {
  challenge: string | null
}

export interface Flow {
  state: ResetState
  intent: 'reset' | 'unlock' | null
  gates: Gate[]
  startedAt: number
  requiredAtStart: number
  /** Only broken engines look at it: a proof that was given at some time, to some method. */
  note: boolean
}

export interface World {
  /** In minutes. */
  clock: number
  required: number
  enabled: boolean
  wrong: number[]
  flows: Flow[]
  challenges: Challenge[]
  /** The judge's own book: what was really proved, by which code, in which flow. */
  proofs: { flow: number; method: Method; challenge: string; at: number }[]
  evaluated: number
}

export interface Engine {
  transition(state: ResetState, event: ResetEvent, facts: ResetMachineFacts): ResetState | 'impossible'
  gatesSuffice(passed: readonly PassedGate[], required: number): boolean
  opensAnotherGate(passed: readonly PassedGate[], gate: PassedGate): boolean
  /** Is this code one that counts for this flow and method now? */
  accepts(world: World, flow: number, method: Method, challenge: Challenge): boolean
  /** May a guess be looked at? Asked before any comparison. */
  reserve(world: World, flow: number): boolean
  consumes: boolean
  /** The number of gates the last step goes by. */
  requiredAtCommit(world: World, flow: Flow): number
  isOver(world: World, flow: Flow): boolean
  /** What "try another way" does to a flow that has been shown a proof before. */
  noteOpensGate: boolean
  /** Is this the very proof that opened the flow's last gate, sent again because its answer was lost? */
  repeats(flow: Flow, method: Method, challenge: Challenge): boolean
  /** What such a repetition does beside giving the answer again. */
  repeatOpensGate: boolean
}

const largestWorld = 400_000
const lifetimeOfFlow = 15
const lifetimeOfCode = 10
/** As in the product, but three instead of five keep the world small. */
export const largestWrong = 2

export const engine: Engine = {
  transition,
  gatesSuffice,
  opensAnotherGate,
  accepts: (world, flow, method, code) =>
    code.flow === flow && code.method === method && !code.used && world.clock - code.sentAt < lifetimeOfCode
    && world.challenges.findLast(one => one.flow === flow && one.method === method)?.id === code.id,
  reserve: world => world.wrong.length < largestWrong,
  consumes: true,
  requiredAtCommit: world => world.required,
  isOver: (world, flow) => world.clock - flow.startedAt >= lifetimeOfFlow,
  noteOpensGate: false,
  repeats: (flow, method, code) => flow.gates.at(-1)?.challenge === code.id && code.method === method,
  repeatOpensGate: false,
}

export interface Scenario {
  disclosure: 'private' | 'standard'
  onPremises: boolean
  required: number
  methods: readonly Method[]
  /** The second flow is an attacker's: for the same account, reading only the mailbox. */
  secondFlow: readonly Method[]
}

type Step =
  | { event: 'advance'; minutes: number }
  | { event: 'tighten' }
  | { event: 'disable' }
  | { event: 'begin' | 'submit' | 'commit' | 'other'; flow: number; kind?: ResetEvent }
  | { event: 'intent'; flow: number; intent: 'reset' | 'unlock' }
  | { event: 'send'; flow: number; method: Method }
  | { event: 'guess'; flow: number; method: Method }
  | { event: 'enter' | 'repeat'; flow: number; method: Method; challenge: string }

export interface Finding {
  rule: string
  path: string[]
}

export interface Outcome {
  worlds: number
  steps: number
  impossible: number
  done: number
  findings: Finding[]
}

/** Walks until nothing new turns up, or until the rule `until` is broken. Findings carry the shortest way there. */
export function explore(scenario: Scenario, by: Engine = engine, until?: string): Outcome {
  const first = start(scenario)
  const queue: { world: World; from: number; step: string }[] = [{ world: first, from: -1, step: '' }]
  const seen = new Set([keyOf(first)])
  const outcome: Outcome = { worlds: 0, steps: 0, impossible: 0, done: 0, findings: [] }
  const found = new Set<string>()
  for (let at = 0; at < queue.length; at++) {
    const { world } = queue[at]!
    for (const step of stepsOf(world, scenario)) {
      const next = structuredCopy(world)
      const finishedBefore = world.flows.map(flow => flow.state)
      const ok = take(next, step, scenario, by)
      outcome.steps++
      if (!ok) outcome.impossible++
      for (const rule of judge(next, finishedBefore)) {
        if (found.has(rule)) continue
        found.add(rule)
        outcome.findings.push({ rule, path: [...pathTo(queue, at), describe(step)] })
        if (rule === until) return { ...outcome, worlds: seen.size }
      }
      const key = keyOf(next)
      if (seen.has(key)) continue
      if (seen.size >= largestWorld) throw new Error(`the world is larger than ${largestWorld}`)
      seen.add(key)
      if (next.flows.some((flow, index) => flow.state === 'DONE' && finishedBefore[index] !== 'DONE')) outcome.done++
      queue.push({ world: next, from: at, step: describe(step) })
    }
  }
  outcome.worlds = seen.size
  return outcome
}

function start(scenario: Scenario): World {
  const flow = (): Flow => ({ state: 'IDENTIFY', intent: null, gates: [], startedAt: 0, requiredAtStart: 0, note: false })
  return { clock: 0, required: scenario.required, enabled: true, wrong: [], flows: [flow(), flow()], challenges: [], proofs: [], evaluated: 0 }
}

function* stepsOf(world: World, scenario: Scenario): Generator<Step> {
  if (world.clock === 0) yield { event: 'advance', minutes: 11 }
  if (world.clock === 11) yield { event: 'advance', minutes: 5 }
  if (world.required < 2) yield { event: 'tighten' }
  if (world.enabled) yield { event: 'disable' }
  for (const flow of [0, 1]) {
    const methods = flow === 0 ? scenario.methods : scenario.secondFlow
    if (methods.length === 0) continue
    yield { event: 'begin', flow }
    yield { event: 'submit', flow }
    yield { event: 'commit', flow }
    if (scenario.onPremises) {
      yield { event: 'intent', flow, intent: 'reset' }
      yield { event: 'intent', flow, intent: 'unlock' }
    }
    for (const kind of resetEvents) if (!driven.has(kind)) yield { event: 'other', flow, kind }
    for (const method of methods) {
      if (world.challenges.filter(one => one.flow === flow && one.method === method).length < (method === 'email' && scenario.secondFlow.length === 0 ? 2 : 1)) yield { event: 'send', flow, method }
      yield { event: 'guess', flow, method }
      for (const challenge of world.challenges) yield { event: 'enter', flow, method, challenge: challenge.id }
      if (world.flows[flow]!.gates.length > 0) for (const challenge of world.challenges) yield { event: 'repeat', flow, method, challenge: challenge.id }
    }
  }
}

/** These have steps of their own; every other event is simply thrown at every state. */
const driven = new Set<ResetEvent>(['identify', 'chooseIntent', 'send', 'failGate', 'passGate', 'submit', 'commit', 'commitWithoutCloud'])

/** What the product does on one request: ask the engine, then write. False: refused, nothing written. */
function take(world: World, step: Step, scenario: Scenario, by: Engine): boolean {
  if (step.event === 'advance') return (world.clock += step.minutes) > 0
  if (step.event === 'tighten') return (world.required = 2) > 0
  if (step.event === 'disable') return !(world.enabled = false)
  const flow = world.flows[step.flow]!
  if (flow.state !== 'IDENTIFY' && by.isOver(world, flow)) return move(world, scenario, by, flow, 'expire')
  switch (step.event) {
    case 'begin':
      flow.startedAt = flow.state === 'IDENTIFY' ? world.clock : flow.startedAt
      flow.requiredAtStart = flow.state === 'IDENTIFY' ? world.required : flow.requiredAtStart
      return move(world, scenario, by, flow, 'identify')
    case 'intent':
      if (flow.intent !== null) return false
      flow.intent = step.intent
      if (move(world, scenario, by, flow, 'chooseIntent')) return true
      flow.intent = null
      return false
    case 'send':
      return send(world, scenario, by, step.flow, step.method)
    case 'guess':
      return prove(world, scenario, by, step.flow, step.method, undefined)
    case 'enter':
      return prove(world, scenario, by, step.flow, step.method, world.challenges.find(one => one.id === step.challenge))
    case 'repeat':
      return repeat(world, scenario, by, step.flow, step.method, world.challenges.find(one => one.id === step.challenge)!)
    case 'submit':
      return scenario.onPremises && move(world, scenario, by, flow, 'submit')
    case 'commit':
      return commit(world, scenario, by, flow)
    case 'other':
      return move(world, scenario, by, flow, step.kind!)
  }
}

function send(world: World, scenario: Scenario, by: Engine, index: number, method: Method): boolean {
  const flow = world.flows[index]!
  if (!move(world, scenario, by, flow, 'send')) return false
  if (by.noteOpensGate && flow.note) {
    flow.gates.push({ way: method, destinationKey: destinations[method], challenge: null })
    move(world, scenario, by, flow, 'passGate')
  }
  const count = world.challenges.filter(one => one.flow === index && one.method === method).length
  world.challenges.push({ id: `${index}.${method}.${count}`, flow: index, method, sentAt: world.clock, used: false })
  return true
}

function prove(world: World, scenario: Scenario, by: Engine, index: number, method: Method, code: Challenge | undefined): boolean {
  const flow = world.flows[index]!
  if (by.transition(flow.state, 'failGate', factsOf(world, scenario, by, flow)) === 'impossible') return false
  if (!by.opensAnotherGate(flow.gates, { way: method, destinationKey: destinations[method] })) return false
  if (!by.reserve(world, index)) return move(world, scenario, by, flow, 'block')
  world.evaluated++
  if (code === undefined || !by.accepts(world, index, method, code)) {
    world.wrong.push(index)
    return move(world, scenario, by, flow, 'failGate')
  }
  world.evaluated-- // a right one gives its point back
  if (by.consumes) code.used = true
  flow.note = true
  flow.gates.push({ way: method, destinationKey: destinations[method], challenge: code.id })
  world.proofs.push({ flow: code.flow, method: code.method, challenge: code.id, at: world.clock })
  return move(world, scenario, by, flow, 'passGate')
}

/** With the handle from before the last gate. Counted before it is looked at, like any proof; right, it gives the answer again. */
function repeat(world: World, scenario: Scenario, by: Engine, index: number, method: Method, code: Challenge): boolean {
  const flow = world.flows[index]!
  if (!by.reserve(world, index)) return false
  if (!by.repeats(flow, method, code)) {
    world.wrong.push(index)
    return true
  }
  if (!by.repeatOpensGate || !by.opensAnotherGate(flow.gates, { way: method, destinationKey: destinations[method] })) return true
  flow.gates.push({ way: method, destinationKey: destinations[method], challenge: code.id })
  world.proofs.push({ flow: code.flow, method: code.method, challenge: code.id, at: world.clock })
  move(world, scenario, by, flow, 'passGate')
  return true
}

function commit(world: World, scenario: Scenario, by: Engine, flow: Flow): boolean {
  const required = by.requiredAtCommit(world, flow)
  const state = by.transition(flow.state, 'commit', { ...factsOf(world, scenario, by, flow), gatesRequired: required })
  if (state === 'impossible') return false
  if (!world.enabled || !by.gatesSuffice(flow.gates, required)) return move(world, scenario, by, flow, 'refuse')
  flow.state = state
  if (state === 'DONE') world.wrong = []
  return true
}

function move(world: World, scenario: Scenario, by: Engine, flow: Flow, event: ResetEvent): boolean {
  const next = by.transition(flow.state, event, factsOf(world, scenario, by, flow))
  if (next === 'impossible') return false
  flow.state = next
  return true
}

function factsOf(world: World, scenario: Scenario, by: Engine, flow: Flow): ResetMachineFacts {
  const judged = scenario.disclosure === 'standard' || flow.gates.length > 0
  return {
    verdict: judged ? (world.enabled ? 'allowed' : 'refused') : 'unseen',
    blocked: !by.reserve(world, world.flows.indexOf(flow)),
    gatesRequired: by.requiredAtCommit(world, flow),
    passed: flow.gates,
    mayOnlyUnlock: scenario.onPremises,
    intent: flow.intent,
  }
}

/** What must hold after every step, whoever decided it. */
function* judge(world: World, before: readonly ResetState[]): Generator<string> {
  for (const [index, flow] of world.flows.entries()) {
    for (const gate of flow.gates) {
      const challenge = world.challenges.find(one => one.id === gate.challenge)
      if (!challenge) yield 'a gate was opened without a code'
      else if (challenge.flow !== index) yield 'a code of another flow opened a gate'
      else if (challenge.method !== gate.way) yield 'a code of another method opened a gate'
    }
    if (flow.state !== 'DONE' || before[index] === 'DONE') continue
    if (!distinct(flow.gates, world.required)) yield 'a password was set without the gates the policy asks for'
    if (!world.enabled) yield 'a password was set for an account that is switched off'
    if (world.clock - flow.startedAt >= lifetimeOfFlow) yield 'a password was set after the flow was over'
  }
  const codes = world.proofs.map(proof => proof.challenge)
  if (new Set(codes).size !== codes.length) yield 'a code counted twice'
  if (world.wrong.length > largestWrong) yield 'more guesses were looked at than the account has'
}

/** Written apart from the rule on purpose: as many gates, no two alike in method or destination. */
function distinct(gates: readonly Gate[], required: number): boolean {
  if (required === 1) return gates.length >= 1
  return gates.some(one => gates.some(other => family(one) !== family(other) && one.destinationKey !== other.destinationKey))
}

const family = (gate: Gate) => (gate.way === 'mobileSms' || gate.way === 'mobileCall' ? 'mobile' : gate.way)

const structuredCopy = (world: World): World => ({
  ...world,
  wrong: [...world.wrong],
  flows: world.flows.map(flow => ({ ...flow, gates: [...flow.gates] })),
  challenges: world.challenges.map(challenge => ({ ...challenge })),
  proofs: [...world.proofs],
})

/** Worlds that differ only in what can no longer matter are one: the past of a flow that is over, the order of wrong guesses. */
function keyOf(world: World): string {
  const over = (flow: Flow) => isFinal(flow.state)
  return JSON.stringify([
    world.clock, world.required, world.enabled, [0, 1].map(flow => world.wrong.filter(one => one === flow).length),
    world.flows.map(flow => (over(flow) ? flow.state : [flow.state, flow.intent, flow.gates.map(gate => gate.challenge ?? gate.way).sort(), flow.startedAt, flow.note, flow.requiredAtStart])),
    world.challenges.map(code => (over(world.flows[code.flow]!) ? [code.id, code.used] : [code.id, code.sentAt, code.used])).sort(),
  ])
}

function pathTo(queue: readonly { from: number; step: string }[], at: number): string[] {
  const path: string[] = []
  for (let one = at; one > 0; one = queue[one]!.from) path.unshift(queue[one]!.step)
  return path
}

function describe(step: Step): string {
  const { event, ...rest } = step
  return `${event} ${Object.values(rest).join(' ')}`.trim()
}
