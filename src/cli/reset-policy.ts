import type { Call } from './call.ts'
import { WrongCall, readCall, word } from './call.ts'
import { Client } from './client.ts'
import { withRecentProof } from './login.ts'
import { printFields } from './output.ts'

const path = '/beta/policies/passwordResetPolicy'

/** `latchkey reset-policy show`, `latchkey reset-policy set numberOfAuthenticationMethodsRequired=2 …` */
export async function resetPolicy(args: string[], io: Call['io']): Promise<number> {
  const call = readCall(args, io)
  const client = new Client(call)
  const action = word(call, 0, 'cli.word.action')
  if (action !== 'show' && action !== 'set') throw new WrongCall(call.say('cli.unknownAction', { action, known: 'show, set' }))
  if (action === 'set') await withRecentProof(call, client, () => client.send('PATCH', path, changes(call)))
  const { '@odata.context': _context, ...policy } = await client.get<Record<string, unknown>>(path)
  printFields(call, Object.entries(policy), policy)
  return 0
}

/** `name=value`, the value as JSON where it is JSON (numbers, true, false, null, lists), else as text. */
function changes(call: Call): Record<string, unknown> {
  const pairs = call.words.slice(1).map(pair => {
    const at = pair.indexOf('=')
    if (at < 1) throw new WrongCall(call.say('cli.wrongPair', { pair }))
    return [pair.slice(0, at), value(pair.slice(at + 1))] as const
  })
  if (pairs.length === 0) throw new WrongCall(call.say('cli.nothingToSet'))
  return Object.fromEntries(pairs)
}

function value(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
