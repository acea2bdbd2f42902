import type { Call } from './call.ts'
import { ask, askSecret } from './ask.ts'
import { Client, Refused, forgetSession } from './client.ts'

interface Standing {
  next: 'secondFactor' | 'newPassword' | 'register' | 'reconfirm' | 'done'
  userPrincipalName: string
  methods: { methodId: string; way: 'totp' | 'sms'; name: string | null; hint: string }[]
}

/** `latchkey login`, with `--device` where no password can be typed. */
export async function login(call: Call): Promise<number> {
  return call.options['device'] === true ? (await import('./device-login.ts')).deviceLogin(call) : passwordLogin(call)
}

/** `latchkey login [name]`: asks for the password and, where one is due, the second factor; keeps the session for later calls. */
async function passwordLogin(call: Call): Promise<number> {
  const client = new Client(call, true)
  const userName = call.words[0] ?? (await ask(call.io, call.say('cli.askName')))
  const password = await askSecret(call.io, call.say('cli.askPassword', { name: userName }))
  await client.send('POST', '/api/signin', { userName, password: password.reveal() })
  await secondFactor(call, client)
  const standing = await client.get<Standing>('/api/signin')
  // What needs pages (a new password, registration) is not done here; the address says where.
  if (standing.next !== 'done') throw new Refused(call.say('cli.finishInBrowser', { address: `${client.server}/signin` }), standing.next, 403)
  client.save()
  call.io.stdout.write(`${call.say('cli.signedIn', { name: standing.userPrincipalName, server: client.server })}\n`)
  return 0
}

/** Proves a second factor when one is due; also to prove it again before something delicate. */
async function secondFactor(call: Call, client: Client): Promise<void> {
  const { next, methods } = await client.get<Standing>('/api/signin')
  if (next !== 'secondFactor') return
  const method = methods.find(one => one.way === 'totp') ?? methods[0]
  if (method === undefined) return
  if (method.way === 'sms') await client.send('POST', '/api/signin/second-factor/challenges', { methodId: method.methodId })
  const code = await askSecret(call.io, call.say('cli.askCode', { method: method.name ?? method.hint }))
  await client.send('POST', '/api/signin/second-factor', { methodId: method.methodId, code: code.reveal() })
}

/** Ends the session here and at the server. */
export async function logout(call: Call): Promise<number> {
  try {
    const client = new Client(call)
    // A token ends by itself within the hour, and its refresh token is forgotten here; "sign out everywhere" ends both at once.
    if (!client.byToken) await client.send('POST', '/api/signout')
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    // The server is away or has forgotten us already: the file goes all the same.
  }
  forgetSession(call)
  call.io.stdout.write(`${call.say('cli.signedOut')}\n`)
  return 0
}

/** Asks for the proof again that delicate things need, and repeats them once. */
export async function withRecentProof<T>(call: Call, client: Client, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'LK_STEP_UP' || client.byToken) throw error
  }
  const { methods } = await client.get<Standing>('/api/signin')
  const method = methods.find(one => one.way === 'totp') ?? methods[0]
  if (method?.way === 'sms') await client.send('POST', '/api/signin/second-factor/challenges', { methodId: method.methodId })
  const proof = await askSecret(call.io, method ? call.say('cli.askCode', { method: method.name ?? method.hint }) : call.say('cli.askOwnPassword'))
  await client.send('POST', '/api/signin/again', method ? { methodId: method.methodId, code: proof.reveal() } : { password: proof.reveal() })
  client.save()
  return work()
}
