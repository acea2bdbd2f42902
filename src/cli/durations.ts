import { WrongCall } from './call.ts'
import type { Call } from './call.ts'

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const

/** `90s`, `5m`, `12h`, `30d`, `2w` in milliseconds. @throws WrongCall naming the option */
export function readDuration(call: Call, option: string, usual?: string): number | undefined {
  const text = (call.options[option] as string | undefined) ?? usual
  if (text === undefined) return undefined
  const [, number, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? []
  if (number === undefined) throw new WrongCall(call.say('cli.wrongDuration', { option: `--${option}`, text }))
  return Number(number) * units[unit as keyof typeof units]
}
