import type { Call } from './call.ts'
import { WrongCall, readCall, word } from './call.ts'
import { Client } from './client.ts'
import { withRecentProof } from './login.ts'
import { printFields, printRows } from './output.ts'

interface User {
  id: string
  userPrincipalName: string
  displayName: string
  accountEnabled: boolean
  mobilePhone: string | null
  businessPhones: string[]
  otherMails: string[]
}

const passwordMethod = '28c10230-6103-485e-b985-444c60001490'
const select = 'id,userPrincipalName,displayName,accountEnabled,mobilePhone,businessPhones,otherMails'
const options = {
  search: { type: 'string' }, top: { type: 'string' }, 'mobile-phone': { type: 'string' }, 'business-phone': { type: 'string' },
  'other-mail': { type: 'string', multiple: true }, minutes: { type: 'string' }, once: { type: 'boolean' },
} as const

/** `latchkey user list|show|reset-password|unlock|set-contact|set-mfa|tap` */
export async function user(args: string[], io: Call['io']): Promise<number> {
  const call = readCall(args, io, options)
  const action = actions[word(call, 0, 'cli.word.action')]
  if (!action) throw new WrongCall(call.say('cli.unknownAction', { action: call.words[0] ?? '', known: Object.keys(actions).join(', ') }))
  await action(call, new Client(call))
  return 0
}

const actions: Record<string, ((call: Call, client: Client) => Promise<void>) | undefined> = {
  list, show, unlock, tap, 'reset-password': resetPassword, 'set-contact': setContact, 'set-mfa': setMfa,
}

const pathOf = (call: Call) => encodeURIComponent(word(call, 1, 'cli.word.user'))

async function list(call: Call, client: Client): Promise<void> {
  const search = call.options['search'] as string | undefined
  const query = new URLSearchParams({ $select: select, $top: String(call.options['top'] ?? '100') })
  // What a beginning finds comes by name by itself.
  if (search) query.set('$filter', `startswith(displayName,'${search.replaceAll("'", "''")}')`)
  else query.set('$orderby', 'displayName')
  const { value } = await client.get<{ value: User[] }>(`/v1.0/users?${query}`)
  const columns = [
    { title: call.say('cli.column.name'), value: 'displayName' },
    { title: call.say('cli.column.user'), value: 'userPrincipalName' },
    { title: call.say('cli.column.enabled'), value: 'enabled' },
  ]
  const yesNo = (is: boolean) => call.say(is ? 'cli.yes' : 'cli.no')
  printRows(call, columns, call.json ? [...value] as unknown as Record<string, unknown>[] : value.map(one => ({ ...one, enabled: yesNo(one.accountEnabled) })))
}

async function show(call: Call, client: Client): Promise<void> {
  const one = await client.get<User>(`/v1.0/users/${pathOf(call)}?$select=${select}`)
  printFields(call, [
    [call.say('cli.column.name'), one.displayName], [call.say('cli.column.user'), one.userPrincipalName],
    [call.say('cli.column.enabled'), call.say(one.accountEnabled ? 'cli.yes' : 'cli.no')], [call.say('cli.column.mobilePhone'), one.mobilePhone],
    [call.say('cli.column.businessPhones'), one.businessPhones], [call.say('cli.column.otherMails'), one.otherMails], ['id', one.id],
  ], one)
}

/** The password is always generated (LD-05), shown once, and must be changed at the first sign-in. */
async function resetPassword(call: Call, client: Client): Promise<void> {
  const path = `/v1.0/users/${pathOf(call)}/authentication/methods/${passwordMethod}/resetPassword`
  const { newPassword } = await withRecentProof(call, client, () => client.send<{ newPassword: string }>('POST', path, {}))
  if (call.json) return printFields(call, [], { userPrincipalName: call.words[1], newPassword })
  call.io.stderr.write(`${call.say('cli.newPassword', { name: call.words[1]! })}\n`)
  call.io.stdout.write(`${newPassword}\n`)
}

async function unlock(call: Call, client: Client): Promise<void> {
  await withRecentProof(call, client, () => client.send('POST', `/api/users/${pathOf(call)}/unlock`))
  call.io.stdout.write(`${call.say('cli.unlocked', { name: call.words[1]! })}\n`)
}

async function setContact(call: Call, client: Client): Promise<void> {
  const { 'mobile-phone': mobile, 'business-phone': business, 'other-mail': mails } = call.options
  const change = {
    ...(mobile === undefined ? {} : { mobilePhone: mobile === '' ? null : mobile }),
    ...(business === undefined ? {} : { businessPhones: business === '' ? [] : [business] }),
    ...(mails === undefined ? {} : { otherMails: (mails as string[]).filter(one => one !== '') }),
  }
  if (Object.keys(change).length === 0) throw new WrongCall(call.say('cli.nothingToSet'))
  await withRecentProof(call, client, () => client.send('PATCH', `/v1.0/users/${pathOf(call)}`, change))
  call.io.stdout.write(`${call.say('cli.contactSet', { name: call.words[1]! })}\n`)
}

/** Per-user MFA: `disabled`, `enabled` or `enforced`. */
async function setMfa(call: Call, client: Client): Promise<void> {
  const perUserMfaState = word(call, 2, 'cli.word.state')
  await withRecentProof(call, client, () => client.send('PATCH', `/beta/users/${pathOf(call)}/authentication/requirements`, { perUserMfaState }))
  call.io.stdout.write(`${call.say('cli.mfaSet', { name: call.words[1]!, state: perUserMfaState })}\n`)
}

/** A temporary access pass, shown once. */
async function tap(call: Call, client: Client): Promise<void> {
  const { minutes, once } = call.options
  const body = { ...(minutes === undefined ? {} : { lifetimeInMinutes: Number(minutes) }), ...(once ? { isUsableOnce: true } : {}) }
  const path = `/v1.0/users/${pathOf(call)}/authentication/temporaryAccessPassMethods`
  const pass = await withRecentProof(call, client, () => client.send<{ temporaryAccessPass: string; lifetimeInMinutes: number }>('POST', path, body))
  if (call.json) return printFields(call, [], pass)
  call.io.stderr.write(`${call.say('cli.newPass', { name: call.words[1]!, minutes: pass.lifetimeInMinutes })}\n`)
  call.io.stdout.write(`${pass.temporaryAccessPass}\n`)
}
