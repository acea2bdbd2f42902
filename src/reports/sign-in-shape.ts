/** A sign-in as Graph tells of it (graph §11.2): of somebody, or of a program. */
import { Type } from 'typebox'
import type { Locale } from '../text.ts'
import { reasonText } from '../text.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { ProgramSignIn } from '../store/program-sign-ins.ts'
import type { SignInRow } from '../store/sign-ins.ts'
import { Nullable, instant } from '../graph/answers.ts'

const text = Nullable(Type.String())
const none = Type.Array(Type.String())
export const SignIn = Type.Partial(Type.Object({
  id: Type.String(), createdDateTime: Type.String(), userDisplayName: text, userPrincipalName: text, userId: Type.String(), appId: text, appDisplayName: text, ipAddress: text,
  clientAppUsed: text, correlationId: text, conditionalAccessStatus: Type.String(), isInteractive: Type.Boolean(), riskDetail: Type.String(), riskLevelAggregated: Type.String(),
  riskLevelDuringSignIn: Type.String(), riskState: Type.String(), riskEventTypes: none, riskEventTypes_v2: none, resourceDisplayName: text, resourceId: text,
  status: Type.Object({ errorCode: Type.Integer(), failureReason: text, additionalDetails: text }),
  deviceDetail: Type.Object({ deviceId: text, displayName: text, operatingSystem: text, browser: text, isCompliant: Type.Boolean(), isManaged: Type.Boolean(), trustType: text }),
  location: Type.Object({ city: text, state: text, countryOrRegion: text, geoCoordinates: Type.Null() }),
  appliedConditionalAccessPolicies: Type.Array(Type.Null()), userAgent: text, homeTenantId: text, resourceTenantId: text, servicePrincipalId: text, servicePrincipalName: text,
  authenticationAppDeviceDetails: Type.Null(),
}))
/** Under /beta with what programs' sign-ins are read for. */
export const SignInUnderBeta = Type.Object({
  ...SignIn.properties, signInEventTypes: Type.Optional(none), servicePrincipalCredentialKeyId: Type.Optional(text), uniqueTokenIdentifier: Type.Optional(text), clientCredentialType: Type.Optional(text),
})

/** Somebody who is nobody here. */
const nobodyId = '00000000-0000-0000-0000-000000000000'

/** The number that clients know for a reason of ours; whatever else stopped a sign-in counts as wrong credentials. */
const numbers: Partial<Record<ReasonCode, number>> = {
  LK_SIGNIN_DISABLED: 50057, LK_LOCKED_SIGNIN: 50053, LK_TEMPORARY_PASSWORD_EXPIRED: 50055, LK_UNAVAILABLE: 90033,
}

/** Names that sign-ins are told with, by id. */
export interface SignInNames {
  people: ReadonlyMap<string, { displayName: string; userPrincipalName: string }>
  programs: ReadonlyMap<string, string>
  locale: Locale
}

/** What is not recorded: no place on earth (LD-47), no device, no risk. */
const unknown = {
  conditionalAccessStatus: 'notApplied', riskDetail: 'none', riskLevelAggregated: 'none', riskLevelDuringSignIn: 'none', riskState: 'none', riskEventTypes: [], riskEventTypes_v2: [],
  deviceDetail: { deviceId: null, displayName: null, operatingSystem: null, browser: null, isCompliant: false, isManaged: false, trustType: null },
  location: { city: null, state: null, countryOrRegion: null, geoCoordinates: null }, appliedConditionalAccessPolicies: [], authenticationAppDeviceDetails: null,
}

export function shapePerson(row: SignInRow, { people, programs, locale }: SignInNames) {
  const person = row.userId === null ? undefined : people.get(row.userId)
  const interactive = row.kind === 'interactive' && !row.proofs.includes('deviceCode')
  return {
    id: row.id, createdDateTime: instant(row.at)!, userDisplayName: person?.displayName ?? '', userPrincipalName: person?.userPrincipalName ?? row.accountHint, userId: row.userId ?? nobodyId,
    appId: row.appId, appDisplayName: row.appId === null ? 'Latchkey' : (programs.get(row.appId) ?? null), ipAddress: row.ipAddress,
    clientAppUsed: row.kind !== 'interactive' ? 'Other clients' : row.appId === null ? 'Browser' : 'Mobile Apps and Desktop clients', correlationId: row.correlationId, isInteractive: interactive,
    resourceDisplayName: row.resourceId === null ? null : (programs.get(row.resourceId) ?? null), resourceId: row.resourceId, status: statusOf(row, locale), userAgent: row.userAgent,
    homeTenantId: row.tenantId, resourceTenantId: row.tenantId, servicePrincipalId: null, servicePrincipalName: null, ...unknown,
  }
}

function statusOf({ result, reasonCode, errorCode }: SignInRow, locale: Locale) {
  if (result === 'success') return { errorCode: 0, failureReason: null, additionalDetails: null }
  const code = reasonCode as ReasonCode | null
  const number = errorCode ?? (code === null ? 50126 : (numbers[code] ?? 50126))
  return { errorCode: number, failureReason: code === null ? `AADSTS${number}` : reasonText(locale, reason(code)), additionalDetails: null }
}

export function shapeProgram(row: ProgramSignIn, { programs }: SignInNames) {
  return {
    id: row.id, createdDateTime: instant(row.at)!, userDisplayName: null, userPrincipalName: null, userId: nobodyId, appId: row.appId, appDisplayName: row.displayName, ipAddress: row.ipAddress,
    clientAppUsed: null, correlationId: null, isInteractive: false, resourceDisplayName: row.resourceId === null ? null : (programs.get(row.resourceId) ?? null), resourceId: row.resourceId,
    status: row.errorCode === null ? { errorCode: 0, failureReason: null, additionalDetails: null } : { errorCode: row.errorCode, failureReason: `AADSTS${row.errorCode}`, additionalDetails: null },
    userAgent: row.userAgent, homeTenantId: row.tenantId, resourceTenantId: row.tenantId, servicePrincipalId: row.servicePrincipalId, servicePrincipalName: row.displayName, ...unknown,
    signInEventTypes: ['servicePrincipal'], servicePrincipalCredentialKeyId: row.credentialKeyId, uniqueTokenIdentifier: row.tokenId, clientCredentialType: row.method,
  }
}
