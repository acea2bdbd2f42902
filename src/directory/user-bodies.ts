/** What may be sent for a user: closed lists, so that no other property can be set by sending it (T-44). */
import { Type } from 'typebox'
import { Nullable } from '../graph/answers.ts'

/** A name with something to see in it: what hides or turns letters is taken out when it is kept (T-68). */
const visible = { minLength: 1, maxLength: 256, pattern: '[^\\p{C}\\p{Z}]' }
const short = Nullable(Type.String({ maxLength: 256 }))
const PasswordProfile = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  password: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
  forceChangePasswordNextSignIn: Type.Optional(Type.Boolean()),
  forceChangePasswordNextSignInWithMfa: Type.Optional(Type.Boolean()),
}, { additionalProperties: false })

const profile = {
  '@odata.type': Type.Optional(Type.String()),
  givenName: Type.Optional(short), surname: Type.Optional(short), jobTitle: Type.Optional(short), department: Type.Optional(short),
  officeLocation: Type.Optional(short), preferredLanguage: Type.Optional(Nullable(Type.String({ maxLength: 35 }))),
  usageLocation: Type.Optional(Nullable(Type.String({ pattern: '^[A-Z]{2}$' }))),
  mobilePhone: Type.Optional(Nullable(Type.String({ maxLength: 64 }))),
  businessPhones: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 1 })),
  otherMails: Type.Optional(Type.Array(Type.String({ maxLength: 254 }), { maxItems: 250 })),
  passwordPolicies: Type.Optional(Nullable(Type.String({ maxLength: 100 }))),
}

export const PatchUser = Type.Object({
  ...profile,
  displayName: Type.Optional(Type.String(visible)),
  userPrincipalName: Type.Optional(Type.String({ minLength: 3, maxLength: 113 })),
  accountEnabled: Type.Optional(Type.Boolean()),
  passwordProfile: Type.Optional(Nullable(PasswordProfile)),
}, { additionalProperties: false })

export const PostUser = Type.Object({
  ...profile,
  accountEnabled: Type.Boolean(),
  displayName: Type.String(visible),
  mailNickname: Type.String({ minLength: 1, maxLength: 64 }),
  userPrincipalName: Type.String({ minLength: 3, maxLength: 113 }),
  mail: Type.Optional(Nullable(Type.String({ maxLength: 254 }))),
  passwordProfile: PasswordProfile,
}, { additionalProperties: false })
