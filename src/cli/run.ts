import { verbs as operatorVerbs } from '../operator/verbs.ts'
import { type Call, WrongCall, readCall } from './call.ts'
import { Refused } from './client.ts'

type Verb = (args: string[], io: Call['io']) => Promise<number>

/** Each loads its own file only. */
const verbs: Record<string, (() => Promise<Verb>) | undefined> = {
  login: async () => async (args, io) => (await import('./login.ts')).login(readCall(args, io, { device: { type: 'boolean' }, tenant: { type: 'string' } })),
  logout: async () => async (args, io) => (await import('./login.ts')).logout(readCall(args, io)),
  app: async () => (await import('./app.ts')).app,
  user: async () => (await import('./user.ts')).user,
  diagnose: async () => (await import('./diagnose.ts')).diagnose,
  'reset-policy': async () => (await import('./reset-policy.ts')).resetPolicy,
}

/**
 * Carries out one call. Sentences go to standard error, results to standard output.
 * @returns 0 done, 1 refused by the server or not reachable, 2 called wrongly
 */
export async function run(args: string[], io: Call['io']): Promise<number> {
  const [verb = 'help', ...rest] = args
  try {
    const load = verbs[verb]
    if (load && !rest.includes('--help')) return await (await load())(rest, io)
    const at = rest.indexOf('--lang')
    const call = readCall(at < 0 ? [] : rest.slice(at, at + 2), io)
    const known = verb === 'help' || verb === '--help' || verb === '-h' || load !== undefined
    const help = call.say('cli.help', { operator: Object.keys(operatorVerbs).join(', ') })
    if (!known) io.stderr.write(`${call.say('cli.unknownVerb', { verb })}\n\n`)
    ;(known ? io.stdout : io.stderr).write(`${help}\n`)
    return known ? 0 : 2
  } catch (error) {
    if (error instanceof WrongCall || error instanceof Refused) {
      io.stderr.write(`latchkey: ${error.message}${error instanceof Refused && error.code !== 'UNREACHABLE' ? ` (${error.code})` : ''}\n`)
      return error instanceof WrongCall ? 2 : 1
    }
    throw error
  }
}
