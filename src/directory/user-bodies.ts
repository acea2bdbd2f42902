/** What may be sent for a user: closed lists, so that no other property can be set by sending it (T-44). */
import { Type } from 'typebox'
import type { Static, TOptional, TSchema } from 'typebox'
import { Nullable } from '../graph/answers.ts'
import type { DetailChanges } from '../store/user-details.ts'
import { extensionAttributes } from './user-shape.ts'

/** A name with something to see in it: what hides or turns letters is taken out when it is kept (T-68). */
const visible = { minLength: 1, maxLength: 256, pattern: '[^\\p{C}\\p{Z}]' }
const short = Nullable(Type.String({ maxLength: 256 }))
const PasswordProfile = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  password: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
  forceChangePasswordNextSignIn: Type.Optional(Type.Boolean()),
  forceChangePasswordNextSignInWithMfa: Type.Optional(Type.Boolean()),
}, { additionalProperties: false })

const instantText = Nullable(Type.String({ maxLength: 40, pattern: '^\\d{4}-\\d\\d-\\d\\d(T[\\d:.]+(Z|[+-]\\d\\d:\\d\\d)?)?$' }))
const oneOf = (...words: string[]) => Type.Optional(Nullable(Type.Union(words.map(word => Type.Literal(word)))))

const profile = {
  '@odata.type': Type.Optional(Type.String()),
  givenName: Type.Optional(short), surname: Type.Optional(short), jobTitle: Type.Optional(short), department: Type.Optional(short),
  officeLocation: Type.Optional(short), preferredLanguage: Type.Optional(Nullable(Type.String({ maxLength: 35 }))),
  usageLocation: Type.Optional(Nullable(Type.String({ pattern: '^[A-Z]{2}$' }))),
  mobilePhone: Type.Optional(Nullable(Type.String({ maxLength: 64 }))),
  businessPhones: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 1 })),
  otherMails: Type.Optional(Type.Array(Type.String({ maxLength: 254 }), { maxItems: 250 })),
  passwordPolicies: Type.Optional(Nullable(Type.String({ maxLength: 100 }))),
  mail: Type.Optional(Nullable(Type.String({ maxLength: 254 }))),
  userType: Type.Optional(Type.Union([Type.Literal('Member'), Type.Literal('Guest')])),
  onPremisesImmutableId: Type.Optional(Nullable(Type.String({ maxLength: 256 }))),
  onPremisesExtensionAttributes: Type.Optional(Nullable(Type.Object(
    Object.fromEntries([['@odata.type', Type.Optional(Type.String())], ...extensionAttributes.map(name => [name, Type.Optional(Nullable(Type.String({ maxLength: 1024 })))])]) as Record<string, TOptional<TSchema>>,
    { additionalProperties: false },
  ))),
  ageGroup: oneOf('Minor', 'NotAdult', 'Adult'), consentProvidedForMinor: oneOf('Granted', 'Denied', 'NotRequired'),
  city: Type.Optional(short), companyName: Type.Optional(short), country: Type.Optional(short), employeeId: Type.Optional(Nullable(Type.String({ maxLength: 16 }))),
  employeeType: Type.Optional(short), employeeHireDate: Type.Optional(instantText), employeeLeaveDateTime: Type.Optional(instantText), faxNumber: Type.Optional(short),
  postalCode: Type.Optional(Nullable(Type.String({ maxLength: 40 }))), preferredDataLocation: Type.Optional(short), showInAddressList: Type.Optional(Nullable(Type.Boolean())),
  state: Type.Optional(short), streetAddress: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
}

/** What may be before the sign in the address, and stand for a person in one. */
const nickname = { minLength: 1, maxLength: 64, pattern: '^[^@()\\\\\\[\\]";:<>, ]+$' }

export const PatchUser = Type.Object({
  ...profile,
  displayName: Type.Optional(Type.String(visible)),
  userPrincipalName: Type.Optional(Type.String({ minLength: 3, maxLength: 113 })),
  accountEnabled: Type.Optional(Type.Boolean()),
  mailNickname: Type.Optional(Type.String(nickname)),
  passwordProfile: Type.Optional(Nullable(PasswordProfile)),
}, { additionalProperties: false })

export const PostUser = Type.Object({
  ...profile,
  accountEnabled: Type.Boolean(),
  displayName: Type.String(visible),
  mailNickname: Type.String(nickname),
  userPrincipalName: Type.String({ minLength: 3, maxLength: 113 }),
  passwordProfile: PasswordProfile,
}, { additionalProperties: false })

/** Properties in the table of users that are written as they are given. */
export const plainUserProperties = [
  'displayName', 'givenName', 'surname', 'jobTitle', 'department', 'officeLocation', 'preferredLanguage', 'usageLocation', 'mail', 'userType',
] as const

const plainDetails = [
  'mailNickname', 'employeeId', 'employeeType', 'companyName', 'streetAddress', 'postalCode', 'city', 'state', 'country', 'faxNumber', 'ageGroup', 'consentProvidedForMinor',
  'preferredDataLocation', 'showInAddressList',
] as const
const instantDetails = ['employeeHireDate', 'employeeLeaveDateTime'] as const
/** Properties that stand in a table of their own. */
export const detailProperties = [...plainDetails, ...instantDetails, 'onPremisesExtensionAttributes'] as const

type Body = Static<typeof PatchUser>

/** The same properties as the table keeps them; `before` is what the extension attributes were. */
export function detailsGiven(body: Body, before: string | null = null): DetailChanges {
  const given = body.onPremisesExtensionAttributes
  const attributes = given && Object.fromEntries(Object.entries({ ...(before === null ? {} : JSON.parse(before) as object), ...given }).filter(([name, value]) => !name.startsWith('@') && value !== null))
  return {
    ...Object.fromEntries(plainDetails.filter(name => body[name] !== undefined).map(name => [name, body[name]])),
    ...Object.fromEntries(instantDetails.filter(name => body[name] !== undefined).map(name => [name, body[name] == null ? null : Date.parse(body[name]!)])),
    ...(given === undefined ? {} : { onPremisesExtensionAttributes: attributes ? JSON.stringify(attributes) : null }),
  }
}
