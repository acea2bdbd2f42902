import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Readable } from 'node:stream'
import { type Locale, type MessageKey, type MessageValues, matchLocale, translate } from '../text.ts'

/** What the command was given by the shell; tests give their own. */
export interface CliIo {
  stdin: Readable & { isTTY?: boolean; setRawMode?(on: boolean): unknown }
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown }
  env: Record<string, string | undefined>
}

/** A call that cannot be carried out as it was typed: exit status 2, and the sentence says what is wrong with it. */
export class WrongCall extends Error {}

export interface Call {
  io: CliIo
  locale: Locale
  json: boolean
  say(key: MessageKey, values?: MessageValues): string
  /** Words after the verb, options taken out. */
  words: string[]
  options: Record<string, string | boolean | string[] | undefined>
}

const common = { output: { type: 'string' }, lang: { type: 'string' }, server: { type: 'string' }, help: { type: 'boolean' } } as const

/**
 * Reads what was typed. `--lang` or the environment's LC_ALL, LC_MESSAGES, LANG choose the language.
 * @throws WrongCall for an option nobody knows, one without its value, or an unknown --output
 */
export function readCall(args: string[], io: CliIo, own: NonNullable<ParseArgsConfig['options']> = {}): Call {
  const locale = languageOf(args, io.env)
  const say = (key: MessageKey, values?: MessageValues) => translate(locale, key, values)
  let parsed
  try {
    parsed = parseArgs({ args, options: { ...common, ...own }, allowPositionals: true, strict: true })
  } catch (error) {
    throw new WrongCall(say('cli.wrongOption', { option: /'([^']*)'/.exec((error as Error).message)?.[1] ?? '' }))
  }
  const { output = 'table' } = parsed.values as { output?: string }
  if (output !== 'table' && output !== 'json') throw new WrongCall(say('cli.wrongOutput', { output }))
  return { io, locale, json: output === 'json', say, words: parsed.positionals, options: parsed.values as Call['options'] }
}

function languageOf(args: readonly string[], env: CliIo['env']): Locale {
  const at = args.findIndex(one => one === '--lang' || one.startsWith('--lang='))
  const asked = at < 0 ? undefined : args[at] === '--lang' ? args[at + 1] : args[at]!.slice('--lang='.length)
  return matchLocale(asked) ?? matchLocale((env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '').split('.')[0]?.replace('_', '-')) ?? 'en'
}

/** The word at a place, or a WrongCall that names what is missing there. */
export function word(call: Call, at: number, what: MessageKey): string {
  const found = call.words[at]
  if (found === undefined) throw new WrongCall(call.say('cli.missing', { what: call.say(what) }))
  return found
}
