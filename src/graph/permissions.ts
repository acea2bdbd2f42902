/**
 * Who may call what over Graph: the access line of each route, from the vendor's own table of permissions (permissions.json, graph
 * §5.4 and §15). A person signed in with our cookie passes the line and is judged by directory roles; a token passes with one of
 * the alternatives, and is judged by roles all the same where a person stands behind it.
 */
import type { FastifyRequest } from 'fastify'
import type { Alternatives, Caller } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import table from './permissions.json' with { type: 'json' }

export interface GraphAccess {
  graph: { delegated: Alternatives; application: Alternatives }
}

type Rows = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
const paths: Rows = table.paths
const more: Rows = table.more as unknown as Rows

/**
 * The access line of an operation: `permitted('GET', '/users/{id}')`, or the route itself, `permitted('GET', '/v1.0/users/:id')`. A
 * `$ref` or `$count` at the end and the version in front say nothing of rights.
 * @throws Error at the start, for an operation of which the table knows nothing
 */
export function permitted(method: string, path: string): GraphAccess {
  const key = keyOf(path)
  const rows = [paths[key]?.[method], more[key]?.[method]].filter(row => row !== undefined)
  if (rows.length === 0) throw new Error(`Nothing is known of who may ${method} ${path} (${key})`)
  const [delegated, application] = [0, 1].map(scheme => rows.flatMap(row => alternatives(row[scheme]!)))
  return { graph: { delegated: delegated!, application: application! } }
}

/** An access line of our own, for what Graph does not have. Programs need the same names unless others are given; [] keeps them out. */
export function permittedHere(delegated: Alternatives, application: Alternatives = delegated): GraphAccess {
  return { graph: { delegated, application } }
}

/** A path of Graph without its version, keys and casts, as the table spells it. */
export function keyOf(path: string): string {
  return path
    .replace(/^\/(v1\.0|beta)(?=\/)/i, '')
    .replace(/\/\$(ref|count|value)$/i, '')
    .replace(/:\w+|\{[^}]*\}/g, '{id}')
    .toLowerCase()
}

const alternatives = (text: string): Alternatives => (text === '' ? [] : text.split(', ').map(one => (one.includes(' + ') ? one.split(' + ') : one)))

/** What lets somebody act on their own account and on nobody else's. */
const selfOnly = /^(User|UserAuthenticationMethod|UserAuthMethod-\w+)\.(Read|ReadWrite)$/

/**
 * True when the token lets its holder reach one person alone, themself: of all that the line asks, only `User.Read` and its like is
 * there. False for our cookie and for programs.
 */
export function isSelfOnly(request: FastifyRequest): boolean {
  const { caller } = request
  const line = request.routeOptions.config.access
  if (caller?.kind !== 'user' || caller.token === undefined || typeof line !== 'object' || !('graph' in line)) return false
  const { scopes } = caller.token
  return !line.graph.delegated.some(one => {
    const needed = typeof one === 'string' ? [one] : one
    return needed.every(name => scopes.includes(name) && !selfOnly.test(name))
  })
}

/** Does the caller's token hold one of these? Cookies hold everything: roles decide. */
export function holds(caller: Caller, ...names: string[]): boolean {
  if (caller.kind === 'application') return names.some(name => caller.permissions.includes(name))
  return caller.token === undefined || names.some(name => caller.token!.scopes.includes(name))
}

/**
 * For a route on which what is touched decides what is needed.
 * @throws Refusal 403 `Authorization_RequestDenied`
 */
export function requirePermission(caller: Caller, ...names: string[]): void {
  if (!holds(caller, ...names)) throw new Refusal(403, [reason('LK_TOKEN_PRIVILEGES')], { detail: `needs one of ${names.join(', ')}` })
}
