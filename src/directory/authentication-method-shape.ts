/** What somebody can prove themself with, as Graph shows it (graph §6.1, §6.3). */
import { Type } from 'typebox'
import type { OpenMethod } from '../credentials/methods.ts'
import type { PassInfo } from '../credentials/temporary-access-pass.ts'
import { maskEmail, maskPhone } from '../rules/masks.ts'
import { Nullable, instant } from '../graph/answers.ts'

/** The same for every user (graph §6.1). */
export const methodIds = {
  password: '28c10230-6103-485e-b985-444c60001490',
  mobile: '3179e48a-750b-4051-897c-87b9720928f7',
  alternateMobile: 'b6332ec1-7057-4abe-9331-3d72feddfe41',
  office: 'e37fc753-ff3b-4958-9484-eaa9425c82bc',
  email: '3ddfcfc8-9383-446f-83cc-3ab9be4be18f',
} as const

export const phoneTypes = ['mobile', 'alternateMobile', 'office'] as const
export type PhoneType = (typeof phoneTypes)[number]
export const isPhoneType = (kind: string): kind is PhoneType => (phoneTypes as readonly string[]).includes(kind)

export const collections = {
  passwordMethods: { type: 'passwordAuthenticationMethod', kinds: ['password'] },
  phoneMethods: { type: 'phoneAuthenticationMethod', kinds: phoneTypes },
  emailMethods: { type: 'emailAuthenticationMethod', kinds: ['email'] },
  softwareOathMethods: { type: 'softwareOathAuthenticationMethod', kinds: ['softwareOath'] },
  hardwareOathMethods: { type: 'hardwareOathAuthenticationMethod', kinds: ['hardwareOath'] },
  microsoftAuthenticatorMethods: { type: 'microsoftAuthenticatorAuthenticationMethod', kinds: ['microsoftAuthenticator'] },
  // None of these in this version (LD-56); clients ask all the same.
  fido2Methods: { type: 'fido2AuthenticationMethod', kinds: [] },
  windowsHelloForBusinessMethods: { type: 'windowsHelloForBusinessAuthenticationMethod', kinds: [] },
  platformCredentialMethods: { type: 'platformCredentialAuthenticationMethod', kinds: [] },
} as const satisfies Record<string, { type: string; kinds: readonly string[] }>
export type MethodCollection = keyof typeof collections

export const Method = Type.Object({
  '@odata.type': Type.String(),
  id: Type.String(),
  createdDateTime: Nullable(Type.String()),
  password: Type.Optional(Type.Null()),
  phoneNumber: Type.Optional(Nullable(Type.String())),
  phoneType: Type.Optional(Type.String()),
  smsSignInState: Type.Optional(Type.String()),
  emailAddress: Type.Optional(Nullable(Type.String())),
  displayName: Type.Optional(Nullable(Type.String())),
  deviceTag: Type.Optional(Nullable(Type.String())),
  phoneAppVersion: Type.Optional(Nullable(Type.String())),
  secretKey: Type.Optional(Type.Null()),
  temporaryAccessPass: Type.Optional(Nullable(Type.String())),
  startDateTime: Type.Optional(Type.String()),
  lifetimeInMinutes: Type.Optional(Type.Integer()),
  isUsableOnce: Type.Optional(Type.Boolean()),
  isUsable: Type.Optional(Type.Boolean()),
  methodUsabilityReason: Type.Optional(Type.String()),
})

export const graphId = (kind: string, id: string): string => (kind in methodIds ? methodIds[kind as keyof typeof methodIds] : id)

const typeOfKind = (kind: string): string => Object.values(collections).find(one => (one.kinds as readonly string[]).includes(kind))!.type

/** Numbers and addresses as `masked` says; seeds are never read again. */
export function shapeMethod(method: OpenMethod, masked: boolean) {
  const { kind, value } = method
  return {
    '@odata.type': `#microsoft.graph.${typeOfKind(kind)}`,
    id: graphId(kind, method.id),
    createdDateTime: instant(method.createdDateTime),
    ...(kind === 'email' ? { emailAddress: value === null || !masked ? value : maskEmail(value) } : {}),
    // Nobody signs in by text alone here.
    ...(isPhoneType(kind) ? { phoneNumber: value === null || !masked ? value : maskPhone(value), phoneType: kind, smsSignInState: 'notSupported' } : {}),
    ...(kind === 'softwareOath' || kind === 'hardwareOath' ? { secretKey: null } : {}),
    ...(kind === 'hardwareOath' ? { displayName: method.displayName } : {}),
    ...(kind === 'microsoftAuthenticator' ? { displayName: method.displayName, deviceTag: null, phoneAppVersion: null } : {}),
  }
}

export const shapePassword = (changedAt: number | null) => ({
  '@odata.type': '#microsoft.graph.passwordAuthenticationMethod', id: methodIds.password, createdDateTime: instant(changedAt), password: null,
})

/** A pass with the reason why it can or cannot be used; the pass itself only in the answer that made it. */
export function shapePass(info: PassInfo, now: number, { enabled, pass = null }: { enabled: boolean; pass?: string | null }) {
  const over = now >= info.startDateTime + info.lifetimeInMinutes * 60_000
  const usable = info.isUsable && enabled
  const why = !enabled ? 'DisabledByPolicy' : usable ? 'EnabledByPolicy' : now < info.startDateTime ? 'NotYetValid' : over ? 'Expired' : 'OneTimeUsed'
  return {
    '@odata.type': '#microsoft.graph.temporaryAccessPassAuthenticationMethod', id: info.id, temporaryAccessPass: pass, createdDateTime: instant(info.createdDateTime)!,
    startDateTime: instant(info.startDateTime)!, lifetimeInMinutes: info.lifetimeInMinutes, isUsableOnce: info.isUsableOnce, isUsable: usable, methodUsabilityReason: why,
  }
}
