/** The older registration reports under /beta (graph §10): the same facts as userRegistrationDetails, in other words. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { collectionOf, odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { graphCaller } from '../graph/deciding.ts'
import { fits } from '../graph/odata-filter.ts'
import type { Literal } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { everyDetails } from './registration-details.ts'
import type { RegistrationDetails } from './registration-details.ts'
import { readableTenant } from './reports.ts'
import { scannedRows } from './scan.ts'

const flag = Type.Boolean()
const Details = Type.Object({
  id: Type.String(), userPrincipalName: Type.String(), userDisplayName: Type.String(), authMethods: Type.Array(Type.String()), isRegistered: flag, isEnabled: flag, isCapable: flag,
  isMfaRegistered: flag,
})

/** What these reports call the methods; an app shows codes here and never asks for a yes. */
const methods: Readonly<Record<string, string>> = {
  email: 'email', mobilePhone: 'mobilePhone', alternateMobilePhone: 'alternateMobilePhone', officePhone: 'officePhone', securityQuestion: 'securityQuestion',
  microsoftAuthenticatorPush: 'appCode', softwareOneTimePasscode: 'appCode', hardwareOneTimePasscode: 'appCode',
}

const shape = (one: RegistrationDetails) => ({
  id: one.id, userPrincipalName: one.userPrincipalName, userDisplayName: one.userDisplayName,
  authMethods: [...new Set(one.methodsRegistered.flatMap(name => methods[name] ?? []))].toSorted(), isRegistered: one.isSsprRegistered, isEnabled: one.isSsprEnabled,
  isCapable: one.isSsprCapable, isMfaRegistered: one.isMfaRegistered,
})

const offer = {
  selectable: [], filterable: {
    userDisplayName: ['eq', 'startswith'], userPrincipalName: ['eq', 'startswith'], authMethods: ['any'], isRegistered: ['eq'], isEnabled: ['eq'], isCapable: ['eq'], isMfaRegistered: ['eq'],
  },
} as const

export function credentialRegistrationRoutes(server: Server, app: App): void {
  const path = '/beta/reports/credentialUserRegistrationDetails'
  server.get(path, {
    config: { access: permitted('GET', path), surface: 'graph' }, schema: { response: { 200: collectionOf(Details) } },
  }, async request => {
    const caller = graphCaller(request)
    const tenant = await readableTenant(app, request)
    const query = readQuery(request, offer)
    const paged = { request, caller, name: 'credentialUserRegistrationDetails', query }
    const [name, id] = startOf(app, paged) ?? []
    const value: ReturnType<typeof shape>[] = []
    let looked = 0
    let next: string[] | undefined
    let last: string[] | undefined
    for await (const { details, place } of everyDetails(app, tenant, name === undefined || id === undefined ? undefined : { displayNameLower: name, id })) {
      if (value.length >= query.top || looked >= scannedRows) {
        next = last
        break
      }
      looked++
      last = [place.displayNameLower, place.id]
      const one = shape(details)
      if (query.filter === undefined || fits(query.filter, property => one[property as keyof typeof one] as Literal)) value.push(one)
    }
    return answerCollection(app, paged, 'reports/credentialUserRegistrationDetails', { value, next })
  })

  const Counts = Type.Object({
    '@odata.context': Type.String(),
    value: Type.Array(Type.Object({ id: Type.String(), totalUserCount: Type.Integer(), userRegistrationCounts: Type.Array(Type.Object({ registrationStatus: Type.String(), registrationCount: Type.Integer() })) })),
  })
  const countPath = '/beta/reports/getCredentialUserRegistrationCount'
  server.get(countPath, {
    config: { access: permitted('GET', countPath), surface: 'graph' }, schema: { response: { 200: Counts } },
  }, async request => {
    const tenant = await readableTenant(app, request)
    readQuery(request, { selectable: [], pageable: false })
    const counts = { registered: 0, enabled: 0, capable: 0, mfaRegistered: 0 }
    let totalUserCount = 0
    for await (const { details } of everyDetails(app, tenant)) {
      totalUserCount++
      counts.registered += Number(details.isSsprRegistered)
      counts.enabled += Number(details.isSsprEnabled)
      counts.capable += Number(details.isSsprCapable)
      counts.mfaRegistered += Number(details.isMfaRegistered)
    }
    const userRegistrationCounts = Object.entries(counts).map(([registrationStatus, registrationCount]) => ({ registrationStatus, registrationCount }))
    return {
      '@odata.context': odataContext(request, 'Collection(microsoft.graph.credentialUserRegistrationCount)'),
      value: [{ id: tenant.id, totalUserCount, userRegistrationCounts }],
    }
  })
}
