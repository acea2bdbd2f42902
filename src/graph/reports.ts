/** Registration and usage (graph §10, sspr §11.5), computed by the functions the reset itself goes by. */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { providersOf } from '../notify/senders.ts'
import { isAdministrator } from '../rules/admin-policy.ts'
import type { MethodKind, SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { resetReadiness } from '../rules/registration.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'
import { gatherSubject } from '../store/facts.ts'
import { listUsers } from '../store/users.ts'
import type { UserPage } from '../store/users.ts'
import { Nullable, collectionOf, entityOf, instant, odataContext } from './answers.ts'
import { callerFacts, notFound } from './deciding.ts'
import { fits } from './odata-filter.ts'
import type { Literal } from './odata-filter.ts'
import { readQuery } from './odata-query.ts'
import { nextLink, readSkipToken, skipToken } from './paging.ts'
import { access } from './permissions.ts'
import { requireReportReader } from './readers.ts'
import { UserKey, requireUser } from './users.ts'

const Details = Type.Object({
  id: Type.String(), userPrincipalName: Type.String(), userDisplayName: Type.String(), userType: Type.String(), isAdmin: Type.Boolean(),
  isSsprRegistered: Type.Boolean(), isSsprEnabled: Type.Boolean(), isSsprCapable: Type.Boolean(), isMfaRegistered: Type.Boolean(), isMfaCapable: Type.Boolean(),
  isPasswordlessCapable: Type.Boolean(), methodsRegistered: Type.Array(Type.String()), isSystemPreferredAuthenticationMethodEnabled: Type.Boolean(),
  systemPreferredAuthenticationMethods: Type.Array(Type.String()), userPreferredMethodForSecondaryAuthentication: Nullable(Type.String()),
  lastUpdatedDateTime: Nullable(Type.String()),
})
type RegistrationDetails = ReturnType<typeof detailsOf>

/** The names of graph §10 for what somebody has registered. */
const methodNames: Readonly<Record<MethodKind, string>> = {
  email: 'email', mobile: 'mobilePhone', alternateMobile: 'alternateMobilePhone', office: 'officePhone', appNotification: 'microsoftAuthenticatorPush',
  appCode: 'microsoftAuthenticatorPush', oath: 'softwareOneTimePasscode', hardwareOath: 'hardwareOneTimePasscode', securityQuestions: 'securityQuestion',
}

const flags = ['isAdmin', 'isSsprRegistered', 'isSsprEnabled', 'isSsprCapable', 'isMfaRegistered', 'isMfaCapable', 'isPasswordlessCapable'] as const
const offer = {
  selectable: Object.keys(Details.properties), orderable: [],
  filterable: {
    ...Object.fromEntries(flags.map(name => [name, ['eq'] as const])), userType: ['eq'], userPrincipalName: ['eq', 'startswith'],
    userDisplayName: ['startswith'], methodsRegistered: ['any'],
  },
} as const

const path = '/v1.0/reports/authenticationMethods'
/** People looked at for one page at most: a filter that nobody fits must not read a whole directory in one request. */
const scanned = 500
/** People counted for a summary. */
export const summarised = 2000

export function reportRoutes(server: Server, app: App): void {
  const config = { access: access.reports, surface: 'graph' } as const

  server.get(`${path}/userRegistrationDetails`, { config, schema: { response: { 200: collectionOf(Details) } } }, async request => {
    const caller = userCaller(request)
    const tenant = await readableTenant(app, request)
    const query = readQuery(request, offer)
    const [name, id] = readSkipToken(app, caller, 'userRegistrationDetails', query) ?? []
    const after = name === undefined || id === undefined ? undefined : { displayNameLower: name, id }
    const users = await listUsers(app.db, { tenantId: caller.tenantId, after, top: Math.min(scanned, 999) })
    const value: RegistrationDetails[] = []
    let last: (typeof users)[number] | undefined
    for (const user of users) {
      if (value.length >= query.top) break
      last = user
      const details = await detailsFor(app, tenant, user.id)
      if (details && (query.filter === undefined || fits(query.filter, property => details[property as keyof RegistrationDetails] as Literal))) value.push(details)
    }
    const more = last !== undefined && (last !== users.at(-1) || users.length === scanned)
    return {
      '@odata.context': odataContext(request, 'reports/authenticationMethods/userRegistrationDetails'),
      ...(more ? { '@odata.nextLink': nextLink(request, skipToken(app, caller, 'userRegistrationDetails', query, [last!.displayNameLower, last!.id])) } : {}),
      value,
    }
  })

  server.get(`${path}/userRegistrationDetails/:id`, { config, schema: { params: UserKey, response: { 200: entityOf(Details) } } }, async request => {
    const tenant = await readableTenant(app, request)
    const user = await requireUser(app.db, tenant.id, request.params.id)
    const details = await detailsFor(app, tenant, user.id)
    if (!details) throw notFound()
    return { '@odata.context': odataContext(request, 'reports/authenticationMethods/userRegistrationDetails/$entity'), ...details }
  })

  const Summary = Type.Object({
    '@odata.context': Type.String(), totalUserCount: Type.Integer(), userTypes: Type.String(), userRoles: Type.String(),
    userRegistrationFeatureCounts: Type.Optional(Type.Array(Type.Object({ feature: Type.String(), userCount: Type.Integer() }))),
    userRegistrationMethodCounts: Type.Optional(Type.Array(Type.Object({ authenticationMethod: Type.String(), userCount: Type.Integer() }))),
  })
  // A function may be written with its arguments, which then are part of the segment (graph §10).
  server.get(`${path}/:summary`, { config, schema: { params: Type.Object({ summary: Type.String({ maxLength: 120 }) }), response: { 200: Summary } } }, async request => {
    const asked = summaryOf(request.params.summary)
    if (!asked) throw notFound()
    const people = (await allDetails(app, await readableTenant(app, request))).filter(asked.wanted)
    const common = { '@odata.context': odataContext(request, `microsoft.graph.${asked.type}`), totalUserCount: people.length, userTypes: asked.userTypes, userRoles: asked.userRoles }
    if (asked.type === 'userRegistrationMethodSummary') {
      const methods = [...new Set(Object.values(methodNames))]
      return { ...common, userRegistrationMethodCounts: methods.map(name => ({ authenticationMethod: name, userCount: people.filter(one => one.methodsRegistered.includes(name)).length })) }
    }
    const features = { ssprRegistered: 'isSsprRegistered', ssprEnabled: 'isSsprEnabled', ssprCapable: 'isSsprCapable', passwordlessCapable: 'isPasswordlessCapable', mfaCapable: 'isMfaCapable' } as const
    return { ...common, userRegistrationFeatureCounts: Object.entries(features).map(([feature, flag]) => ({ feature, userCount: people.filter(one => one[flag]).length })) }
  })
}

/** The caller's tenant, if they may read reports. */
export async function readableTenant(app: App, request: FastifyRequest): Promise<TenantFacts> {
  const { tenant, caller } = await callerFacts(app.db, userCaller(request), app.now())
  requireReportReader(caller)
  return tenant
}

async function detailsFor(app: App, tenant: TenantFacts, userId: string): Promise<RegistrationDetails | undefined> {
  const subject = await gatherSubject(app.db, tenant, userId, app.now())
  return subject ? detailsOf(app, tenant, subject) : undefined
}

function detailsOf(app: App, tenant: TenantFacts, subject: SubjectFacts) {
  const { isSsprEnabled, isSsprRegistered, isSsprCapable } = resetReadiness({ tenant, subject, providers: providersOf(app.config), now: app.now() })
  const own = subject.methods.filter(method => method.source === 'private')
  const secondFactor = hasSecondFactor(subject)
  return {
    id: subject.id, userPrincipalName: subject.userPrincipalName, userDisplayName: subject.displayName, userType: subject.userType,
    isAdmin: isAdministrator(subject), isSsprRegistered, isSsprEnabled, isSsprCapable, isMfaRegistered: secondFactor, isMfaCapable: secondFactor,
    isPasswordlessCapable: false, methodsRegistered: [...new Set(own.map(method => methodNames[method.kind]))].toSorted(),
    isSystemPreferredAuthenticationMethodEnabled: false, systemPreferredAuthenticationMethods: [],
    userPreferredMethodForSecondaryAuthentication: secondFactor ? 'oath' : null, lastUpdatedDateTime: instant(subject.lastConfirmedAt),
  }
}

async function allDetails(app: App, tenant: TenantFacts): Promise<RegistrationDetails[]> {
  const all: RegistrationDetails[] = []
  let after: UserPage['after']
  while (all.length < summarised) {
    const users = await listUsers(app.db, { tenantId: tenant.id, after, top: 200 })
    for (const user of users) {
      const details = await detailsFor(app, tenant, user.id)
      if (details) all.push(details)
    }
    const last = users.at(-1)
    if (users.length < 200 || !last) break
    after = { displayNameLower: last.displayNameLower, id: last.id }
  }
  return all
}

/** `usersRegisteredByFeature(includedUserTypes='all',includedUserRoles='all')`, or without parentheses. */
function summaryOf(segment: string) {
  const open = segment.indexOf('(')
  const name = (open < 0 ? segment : segment.slice(0, open)).toLowerCase()
  const type = { usersregisteredbyfeature: 'userRegistrationFeatureSummary', usersregisteredbymethod: 'userRegistrationMethodSummary' }[name]
  if (type === undefined) return undefined
  const given = (argument: string) => new RegExp(`${argument}='([A-Za-z]{1,20})'`).exec(segment)?.[1] ?? 'all'
  const userTypes = given('includedUserTypes')
  const userRoles = given('includedUserRoles')
  const wanted = (one: RegistrationDetails) =>
    (userTypes === 'all' || one.userType === userTypes) && (userRoles === 'all' || one.isAdmin === (userRoles !== 'user'))
  return { type, userTypes, userRoles, wanted }
}
