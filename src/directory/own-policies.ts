/**
 * Settings that the original keeps elsewhere or not at all, under /beta/policies as resources of our own: the custom banned list and the
 * lock-out (sspr §2.10), the switches of the on-premises integration (§2.8), and how the pages look (§2.1).
 */
import { Type } from 'typebox'
import type { Static, TObject } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { validateBranding, validatePasswordProtection } from '../rules/policy-checks.ts'
import { weakeningsOfBranding, weakeningsOfIntegration, weakeningsOfProtection } from '../rules/policy-weakening.ts'
import { roles } from '../rules/roles.ts'
import type { TenantPolicies } from '../rules/tenant-settings.ts'
import { Nullable, entityOf, instant, odataContext } from '../graph/answers.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permittedHere } from '../graph/permissions.ts'
import type { GraphAccess } from '../graph/permissions.ts'
import { policyReaders, policyWriters } from '../graph/readers.ts'
import { readPolicyFor, savePolicy } from './saving-policy.ts'
import type { PolicyDoor } from './saving-policy.ts'

const closed = { additionalProperties: false }

interface OwnPolicy<Name extends keyof TenantPolicies> extends PolicyDoor<Name> {
  shownAs: string
  readers: readonly string[]
  access: { read: GraphAccess; write: GraphAccess }
  /** What is shown; `settable` of it may be sent. */
  properties: TObject
  settable: readonly string[]
}

const methodPermissions = {
  read: permittedHere(['Policy.Read.All', 'Policy.ReadWrite.AuthenticationMethod']),
  write: permittedHere(['Policy.ReadWrite.AuthenticationMethod']),
}
const organizationPermissions = {
  read: permittedHere(['Organization.Read.All', 'Organization.ReadWrite.All']), write: permittedHere(['Organization.ReadWrite.All']),
}

const passwordProtection: OwnPolicy<'passwordProtection'> = {
  name: 'passwordProtection', shownAs: 'passwordProtection', readers: policyReaders, writers: policyWriters, access: methodPermissions,
  service: 'Core Directory', activity: 'Update password protection settings',
  properties: Type.Object({
    lockoutThreshold: Type.Integer(), lockoutDurationInSeconds: Type.Integer(), enableBannedPasswordCheck: Type.Boolean(),
    bannedPasswordList: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 1001 }), enableBannedPasswordCheckOnPremises: Type.Boolean(),
    bannedPasswordCheckOnPremisesMode: Type.Union([Type.Literal('Audit'), Type.Literal('Enforce')]),
  }),
  settable: ['lockoutThreshold', 'lockoutDurationInSeconds', 'enableBannedPasswordCheck', 'bannedPasswordList', 'enableBannedPasswordCheckOnPremises', 'bannedPasswordCheckOnPremisesMode'],
  check: (next, before, { tenant }) => validatePasswordProtection(next, before, tenant),
  weakenings: weakeningsOfProtection,
}

const onPremisesIntegration: OwnPolicy<'onPremisesIntegration'> = {
  name: 'onPremisesIntegration', shownAs: 'onPremisesIntegration', access: organizationPermissions, service: 'Core Directory', activity: 'Update on-premises integration settings',
  readers: [...policyReaders, roles.hybridIdentityAdministrator], writers: [roles.globalAdministrator, roles.hybridIdentityAdministrator],
  properties: Type.Object({ onboarded: Type.Boolean(), passwordWritebackEnabled: Type.Boolean(), allowUnlockWithoutReset: Type.Boolean() }),
  // Whether an agent has ever been there is not for anybody to say.
  settable: ['passwordWritebackEnabled', 'allowUnlockWithoutReset'],
  check: () => [],
  weakenings: weakeningsOfIntegration,
}

const branding: OwnPolicy<'branding'> = {
  name: 'branding', shownAs: 'branding', access: organizationPermissions, service: 'Core Directory', activity: 'Update company branding',
  readers: policyReaders, writers: [roles.globalAdministrator],
  properties: Type.Object({
    accentColor: Nullable(Type.String({ maxLength: 7 })),
    textByLocale: Type.Object(Object.fromEntries(['en', 'da', 'nb', 'lv'].map(locale => [locale, Type.Optional(Type.String({ maxLength: 1000 }))])), closed),
  }),
  settable: ['accentColor', 'textByLocale'],
  check: next => validateBranding(next),
  weakenings: weakeningsOfBranding,
}

export function ownPolicyRoutes(server: Server, app: App): void {
  routesOf(server, app, passwordProtection)
  routesOf(server, app, onPremisesIntegration)
  routesOf(server, app, branding)
}

function routesOf<Name extends keyof TenantPolicies>(server: Server, app: App, own: OwnPolicy<Name>): void {
  const path = `/beta/policies/${own.shownAs}`
  const Answer = entityOf(Type.Object({
    id: Type.String(), version: Type.Integer(), lastModifiedDateTime: Nullable(Type.String()), ...own.properties.properties,
  }))
  const settable = Object.entries(own.properties.properties).filter(([name]) => own.settable.includes(name))
  const Patch = Type.Object({ '@odata.type': Type.Optional(Type.String()), ...Object.fromEntries(settable.map(([name, schema]) => [name, Type.Optional(schema)])) }, closed)

  server.get(path, {
    config: { access: own.access.read, surface: 'graph' }, schema: { response: { 200: Answer } },
  }, async (request, reply) => {
    readQuery(request, { selectable: [], pageable: false })
    const { policy, version, savedAt } = await readPolicyFor(app, request, reply, own.name, own.readers)
    const shown = Object.fromEntries(Object.entries(policy).filter(([name]) => name in own.properties.properties))
    return { '@odata.context': odataContext(request, `policies/${own.shownAs}/$entity`), id: own.shownAs, version, lastModifiedDateTime: instant(savedAt), ...shown } as Static<typeof Answer>
  })
  server.patch(path, { config: { access: own.access.write, surface: 'graph' }, schema: { body: Patch } }, async (request, reply) => {
    const { '@odata.type': _, ...change } = request.body as Record<string, unknown>
    await savePolicy(app, request, own, before => ({ ...before, ...change }))
    return reply.code(204).send()
  })
}
