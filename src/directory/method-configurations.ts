/** One method of the methods policy on the wire: a type of its own, with what that type knows beside the state and the groups (graph §7.1). */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { MethodConfiguration, MethodConfigurationId, MethodTarget } from '../rules/tenant-settings.ts'
import { badRequest } from '../graph/deciding.ts'

const optional = { flag: Type.Optional(Type.Boolean()), number: Type.Optional(Type.Integer()), text: Type.Optional(Type.String()) }
const Target = Type.Object({
  id: Type.String(), targetType: Type.String(), isRegistrationRequired: optional.flag, isUsableForSignIn: optional.flag, authenticationMode: optional.text,
})
const KeyRestrictions = Type.Object({ isEnforced: Type.Boolean(), enforcementType: Type.String(), aaGuids: Type.Array(Type.String()) })
export const Configuration = Type.Object({
  '@odata.type': Type.String(), id: Type.String(), state: Type.String(), excludeTargets: Type.Array(Type.Object({ id: Type.String(), targetType: Type.String() })),
  includeTargets: Type.Array(Target),
  allowExternalIdToUseEmailOtp: optional.text, isOfficePhoneAllowed: optional.flag, isSoftwareOathEnabled: optional.flag,
  defaultLength: optional.number, defaultLifetimeInMinutes: optional.number, minimumLifetimeInMinutes: optional.number, maximumLifetimeInMinutes: optional.number,
  isUsableOnce: optional.flag, isAttestationEnforced: optional.flag, isSelfServiceRegistrationAllowed: optional.flag, keyRestrictions: Type.Optional(KeyRestrictions),
})

const odata = { '@odata.type': Type.Optional(Type.String({ maxLength: 120 })) }
const closed = { additionalProperties: false }
const kind = Type.Union([Type.Literal('group'), Type.Literal('user')])
const include = Type.Object({
  ...odata, id: Type.String({ maxLength: 64 }), targetType: kind, isRegistrationRequired: optional.flag, isUsableForSignIn: optional.flag,
  authenticationMode: Type.Optional(Type.Union([Type.Literal('any'), Type.Literal('push'), Type.Literal('deviceBasedPush')])),
}, closed)
export const PatchConfiguration = Type.Object({
  '@odata.type': Type.String({ maxLength: 120 }), id: optional.text,
  state: Type.Optional(Type.Union([Type.Literal('enabled'), Type.Literal('disabled')])),
  excludeTargets: Type.Optional(Type.Array(Type.Object({ ...odata, id: Type.String({ maxLength: 64 }), targetType: kind }, closed), { maxItems: 50 })),
  includeTargets: Type.Optional(Type.Array(include, { maxItems: 50 })),
  allowExternalIdToUseEmailOtp: Type.Optional(Type.Literal('default')),
  isOfficePhoneAllowed: optional.flag, isSoftwareOathEnabled: optional.flag, isUsableOnce: optional.flag,
  defaultLength: optional.number, defaultLifetimeInMinutes: optional.number, minimumLifetimeInMinutes: optional.number, maximumLifetimeInMinutes: optional.number,
}, closed)
type Patched = Static<typeof PatchConfiguration>

/** What each type has beside the common properties; `fixed` is shown and cannot be set, for nothing here acts on it. */
const types: Readonly<Record<MethodConfigurationId, { type: string; own?: readonly (keyof Patched & keyof MethodConfiguration)[]; fixed?: Partial<Static<typeof Configuration>> }>> = {
  Fido2: {
    type: 'fido2', fixed: { isAttestationEnforced: false, isSelfServiceRegistrationAllowed: false, keyRestrictions: { isEnforced: false, enforcementType: 'allow', aaGuids: [] } },
  },
  MicrosoftAuthenticator: { type: 'microsoftAuthenticator', own: ['isSoftwareOathEnabled'] },
  Sms: { type: 'sms' },
  TemporaryAccessPass: { type: 'temporaryAccessPass', own: ['defaultLength', 'defaultLifetimeInMinutes', 'minimumLifetimeInMinutes', 'maximumLifetimeInMinutes', 'isUsableOnce'] },
  Email: { type: 'email', fixed: { allowExternalIdToUseEmailOtp: 'default' } },
  Voice: { type: 'voice', own: ['isOfficePhoneAllowed'] },
  SoftwareOath: { type: 'softwareOath' },
  HardwareOath: { type: 'hardwareOath' },
  X509Certificate: { type: 'x509Certificate' },
  QRCodePin: { type: 'qrCodePin' },
}

const typeName = (id: MethodConfigurationId): string => `#microsoft.graph.${types[id].type}AuthenticationMethodConfiguration`

/** Is this the type of that configuration? Clients send it with or without the sign in front. */
export const isConfigurationType = (id: MethodConfigurationId, given: string): boolean => given.replace(/^#?/, '#') === typeName(id)

export function shapeConfiguration(one: MethodConfiguration): Static<typeof Configuration> {
  const { own = [], fixed = {} } = types[one.id]
  return {
    '@odata.type': typeName(one.id), id: one.id, state: one.state, excludeTargets: one.excludeTargets.map(({ id, targetType }) => ({ id, targetType })),
    includeTargets: one.includeTargets.map(target => shapeTarget(one, target)), ...Object.fromEntries(own.map(name => [name, one[name]])), ...fixed,
  }
}

function shapeTarget(one: MethodConfiguration, { id, targetType, isRegistrationRequired = false }: MethodTarget) {
  return {
    id, targetType, isRegistrationRequired,
    ...(one.id === 'Sms' ? { isUsableForSignIn: false } : {}),
    ...(one.id === 'MicrosoftAuthenticator' ? { authenticationMode: one.authenticationMode ?? 'any' } : {}),
  }
}

/**
 * The configuration with the changes of a body.
 * @throws Refusal 400 for a property that its type does not have, and for signing in by text alone, which there is none of
 */
export function mergeConfiguration(before: MethodConfiguration, body: Patched): MethodConfiguration {
  const { own = [], fixed = {} } = types[before.id]
  const { '@odata.type': _, id: __, state, excludeTargets, includeTargets, ...more } = body
  for (const name of Object.keys(more)) {
    if (!(own as readonly string[]).includes(name) && !(name in fixed)) throw badRequest('LK_FIELD_UNKNOWN', { field: name }, name)
  }
  const mode = includeTargets?.find(one => one.authenticationMode !== undefined)?.authenticationMode
  if (includeTargets?.some(one => one.isUsableForSignIn)) throw badRequest('LK_FIELD_INVALID', { field: 'isUsableForSignIn' }, 'isUsableForSignIn')
  if (mode !== undefined && before.id !== 'MicrosoftAuthenticator') throw badRequest('LK_FIELD_UNKNOWN', { field: 'authenticationMode' }, 'authenticationMode')
  return {
    ...before, ...Object.fromEntries(own.filter(name => more[name as keyof typeof more] !== undefined).map(name => [name, more[name as keyof typeof more]])),
    ...(state === undefined ? {} : { state }), ...(mode === undefined ? {} : { authenticationMode: mode }),
    ...(excludeTargets ? { excludeTargets: excludeTargets.map(({ id, targetType }) => ({ id, targetType })) } : {}),
    ...(includeTargets ? { includeTargets: includeTargets.map(({ id, targetType, isRegistrationRequired = false }) => ({ id, targetType, isRegistrationRequired })) } : {}),
  }
}
