import type { Call } from './call.ts'
import { readCall } from './call.ts'
import { Client } from './client.ts'
import { printJson } from './output.ts'

interface Told {
  code: string
  message: string
  remedy: { text: string; link: string | null }
}

interface Answer {
  question: string
  title: string
  checks: { fact: string; value: string; outcome: 'ok' | 'warns' | 'blocks' | 'notApplicable' }[]
  verdict: Told
  contributing: Told[]
}

const options = { question: { type: 'string' }, 'support-code': { type: 'string' }, caller: { type: 'string' }, all: { type: 'boolean' } } as const
const marks = { ok: '✓', warns: '!', blocks: '✗', notApplicable: '·' }

/**
 * `latchkey diagnose ann@contoso.example [--question D-05] [--support-code …] [--all]`: the answer as the product itself decides,
 * then each check; those that do not apply are shown with --all.
 */
export async function diagnose(args: string[], io: Call['io']): Promise<number> {
  const call = readCall(args, io, options)
  const target = call.words[0]
  const supportCode = call.options['support-code'] as string | undefined
  const caller = call.options['caller'] as string | undefined
  const question = (call.options['question'] as string | undefined) ?? (target === undefined && supportCode === undefined ? 'D-15' : 'D-05')
  const client = new Client(call)
  const answer = await client.send<Answer>('POST', '/api/diagnose', {
    question, ...(target === undefined ? {} : { target }), ...(supportCode === undefined ? {} : { supportCode }), ...(caller === undefined ? {} : { caller }),
  })
  if (call.json) printJson(call, answer)
  else print(call, client.server, answer)
  return 0
}

function print(call: Call, server: string, { title, question, verdict, contributing, checks }: Answer): void {
  const out = (text: string) => call.io.stdout.write(`${text}\n`)
  out(`${title} (${question})\n`)
  tell(out, call, server, verdict)
  for (const one of contributing) tell(out, call, server, one)
  out('')
  for (const check of checks.filter(one => call.options['all'] === true || one.outcome !== 'notApplicable')) out(`${marks[check.outcome]} ${check.fact}${check.value === '' ? '' : `: ${check.value}`}`)
}

function tell(out: (text: string) => void, call: Call, server: string, { code, message, remedy }: Told): void {
  out(`${code}  ${message}`)
  const where = remedy.link === null ? '' : ` ${new URL(remedy.link, server).href}`
  out(`  ${call.say('cli.remedy')} ${remedy.text}${where}`)
}
