/**
 * T-02 by the clock, as threats §12 measures it: one keep-alive socket, two arms (a person, nobody) interleaved at random, the
 * first tenth dropped, five runs. Passes when medians and tails agree and the Mann-Whitney test sees no difference in four runs of
 * five; a canary that answers people three milliseconds later must fail, or the measurement has no eyes.
 *
 *   npm run test:timing                     2,000 samples for each arm, five runs
 *   LATCHKEY_SAMPLES=300 LATCHKEY_RUNS=3    quicker, for a first look
 */
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { App } from '../../src/app.ts'
import { listen } from '../../src/listen.ts'
import type { Listening } from '../../src/listen.ts'
import { startDispatcher } from '../../src/notify/dispatch.ts'
import type { Dispatcher } from '../../src/notify/dispatch.ts'
import { buildServer } from '../../src/server.ts'
import { captureSenders } from '../support/capture.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, openReset } from '../reset/stage.ts'

const samples = Number(process.env['LATCHKEY_SAMPLES'] ?? 2000)
const runs = Number(process.env['LATCHKEY_RUNS'] ?? 5)
const people = 100

/** The steps a stranger can time; each is one request, prepared by those before it. */
const steps = ['start', 'ask for a code', 'wrong code'] as const
type Step = (typeof steps)[number]

describe('T-02: how long an answer takes does not tell whether there is such a person', () => {
  let t: TestApp
  let socket: Listening
  let dispatcher: Dispatcher
  let origin: string
  let slow = false
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })

  before(async () => {
    const probe = createServer()
    await new Promise<void>(done => probe.listen(0, '127.0.0.1', done))
    const { port } = probe.address() as AddressInfo
    await new Promise(done => probe.close(done))
    origin = `http://localhost:${port}`
    const listener = { origin, host: '127.0.0.1', port }
    t = await makeApp({ config: { publicOrigin: origin, listeners: [listener], trustedProxies: ['127.0.0.1'] } })
    await openReset(t)
    for (let at = 0; at < people; at++) await addPerson(t.app, t.tenantId, { name: `known${at}`, email: `known${at}@home.example`, password: null })
    // The canary: sealing the name of a person takes three milliseconds longer.
    const keys: App['keys'] = {
      ...t.app.keys,
      sealText: async (place, text, trx) => {
        if (slow && text.startsWith('known')) await new Promise(resolve => setTimeout(resolve, 3))
        return t.app.keys.sealText(place, text, trx)
      },
    }
    const app = { ...t.app, keys }
    const server = await buildServer(app, t.store)
    socket = await listen(server, listener)
    dispatcher = startDispatcher(app, captureSenders().senders)
  })
  after(async () => {
    agent.destroy()
    await socket?.close()
    await dispatcher?.stop()
    await t?.close()
  })

  let addresses = 0
  /** One JSON request; milliseconds until the whole answer is here. */
  const post = (path: string, body: object, cookie?: string) =>
    new Promise<{ milliseconds: number; status: number; cookie: string | undefined; id: string }>((resolve, reject) => {
      const text = JSON.stringify(body)
      const from = performance.now()
      const sent = request(`${origin}${path}`, {
        method: 'POST', agent,
        headers: {
          'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'x-latchkey': '1', origin,
          'x-forwarded-for': `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`, ...(cookie ? { cookie } : {}),
        },
      }, answer => {
        let got = ''
        answer.setEncoding('utf8').on('data', part => (got += part)).on('end', () => {
          const milliseconds = performance.now() - from
          resolve({ milliseconds, status: answer.statusCode!, cookie: answer.headers['set-cookie']?.[0]?.split(';')[0], id: (JSON.parse(got) as { id: string }).id })
        })
      })
      sent.on('error', reject).end(text)
    })

  /** One visit of a name to all steps; the time of each. */
  async function visit(name: string): Promise<Record<Step, number>> {
    addresses++
    const start = await post('/api/resets', { username: `${name}@contoso.example` })
    assert.equal(start.status, 201)
    const asked = await post(`/api/resets/${start.id}/challenges`, { method: 'email' }, start.cookie)
    assert.equal(asked.status, 202)
    const wrong = await post(`/api/resets/${start.id}/answers`, { method: 'email', code: '12345678' }, start.cookie)
    assert.equal(wrong.status, 422)
    return { start: start.milliseconds, 'ask for a code': asked.milliseconds, 'wrong code': wrong.milliseconds }
  }

  async function measure(only?: Step): Promise<Record<Step, { known: number[]; nobody: number[] }>> {
    const taken = Object.fromEntries(steps.map(step => [step, { known: [] as number[], nobody: [] as number[] }])) as Record<Step, { known: number[]; nobody: number[] }>
    for (let round = 0; round < samples * 1.1; round++) {
      if (round % 40 === 0) await t.app.db.deleteFrom('limits').execute() // nobody is to reach a pause here
      for (const arm of Math.random() < 0.5 ? (['known', 'nobody'] as const) : (['nobody', 'known'] as const)) {
        const times = await visit(`${arm}${round % people}`)
        if (round >= samples * 0.1) for (const step of only ? [only] : steps) taken[step][arm].push(times[step])
      }
    }
    return taken
  }

  test(`a person and nobody are answered alike (${samples} samples for each arm, ${runs} runs)`, { timeout: 3_600_000 }, async context => {
    const passed: Record<string, number> = {}
    for (let run = 1; run <= runs; run++)
      for (const [step, { known, nobody }] of Object.entries(await measure())) {
        const verdict = compare(known, nobody)
        context.diagnostic(`run ${run}, ${step}: ${verdict.text}`)
        passed[step] = (passed[step] ?? 0) + (verdict.alike ? 1 : 0)
      }
    for (const step of steps) assert.ok(passed[step]! >= Math.ceil(runs * 0.8), `${step}: alike in ${passed[step]} of ${runs} runs`)
  })

  test('the canary that takes three milliseconds longer for a person is caught', { timeout: 3_600_000 }, async context => {
    slow = true
    const { known, nobody } = (await measure('start')).start
    slow = false
    const verdict = compare(known, nobody)
    context.diagnostic(verdict.text)
    assert.equal(verdict.alike, false)
  })
})

interface Verdict {
  alike: boolean
  text: string
}

/** Medians within 1 ms or 3 %, tails within 5 % or not told apart by the bootstrap, and no Mann-Whitney below 0.001. */
function compare(one: readonly number[], other: readonly number[]): Verdict {
  const [median, tail] = [0.5, 0.95].map(share => {
    const difference = quantile(one, share) - quantile(other, share)
    return { difference, part: Math.abs(difference) / quantile(other, share), interval: bootstrap(one, other, share) }
  })
  const p = mannWhitney(one, other)
  const medianFits = Math.abs(median!.difference) <= 1 || median!.part <= 0.03
  const tailFits = tail!.part <= 0.05 || (tail!.interval[0] <= 0 && tail!.interval[1] >= 0)
  const show = ({ difference, interval }: { difference: number; interval: [number, number] }) =>
    `${difference.toFixed(3)} ms [${interval.map(edge => edge.toFixed(3)).join(', ')}]`
  return {
    alike: medianFits && tailFits && p > 0.001,
    text: `median ${quantile(other, 0.5).toFixed(2)} ms, differs by ${show(median!)}; p95 differs by ${show(tail!)}; Mann-Whitney p = ${p.toPrecision(3)}`,
  }
}

function quantile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

/** The middle 95 % of the difference over 400 resamples. */
function bootstrap(one: readonly number[], other: readonly number[], share: number): [number, number] {
  const again = (list: readonly number[]) => Array.from({ length: list.length }, () => list[Math.floor(Math.random() * list.length)]!)
  const differences = Array.from({ length: 400 }, () => quantile(again(one), share) - quantile(again(other), share)).sort((a, b) => a - b)
  return [differences[10]!, differences[389]!]
}

/** Two-sided, by the normal approximation, which is close from some dozens of samples on. */
function mannWhitney(one: readonly number[], other: readonly number[]): number {
  const all = [...one.map(value => ({ value, first: true })), ...other.map(value => ({ value, first: false }))].sort((a, b) => a.value - b.value)
  const ranks = all.reduce((sum, { first }, at) => sum + (first ? at + 1 : 0), 0)
  const [n, m] = [one.length, other.length]
  const z = (ranks - (n * (n + 1)) / 2 - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12)
  return erfc(Math.abs(z) / Math.SQRT2)
}

/** Complementary error function (Numerical approximation with a relative error below 1.2e-7). */
function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * x)
  const terms = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277]
  return t * Math.exp(-x * x + terms.reduceRight((sum, term) => term + t * sum, 0))
}
