// The licence gate (sspr §2.6, §3): which product opens which operation. The table is data; an operator's own `class` on a
// subscribed SKU wins over it.
import type { SubjectFacts, SubscribedSkuFacts, TenantFacts } from './facts.ts'
import { isOnPremises } from './authority.ts'
import { allow, deny } from './verdict.ts'
import type { Verdict } from './verdict.ts'

export type LicenceClass = 'FREE' | 'CLOUD' | 'PREMIUM'

export interface Sku {
  skuPartNumber: string
  skuId: string
  product: string
  class: LicenceClass
  /** The service plan that makes the SKU count; switched off in an assignment, the assignment does not count. */
  decisivePlanId?: string
}

const premiumPlan = '41781fb2-bc02-4b7c-bd55-b576c07bb09d'
const premium = (skuPartNumber: string, skuId: string, product: string, decisivePlanId = premiumPlan): Sku =>
  ({ skuPartNumber, skuId, product, class: 'PREMIUM', decisivePlanId })
const cloud = (skuPartNumber: string, skuId: string, product: string, decisivePlanId?: string): Sku =>
  ({ skuPartNumber, skuId, product, class: 'CLOUD', ...(decisivePlanId && { decisivePlanId }) })
const free = (skuPartNumber: string, skuId: string, product: string): Sku => ({ skuPartNumber, skuId, product, class: 'FREE' })

export const skus: readonly Sku[] = [
  cloud('AAD_BASIC', '2b9c8e7c-319c-43a2-a2a0-48c5c6161de7', 'Azure AD Basic', 'c4da7f8a-5ee2-4c99-a7e1-87d2df57f6fe'),
  premium('AAD_PREMIUM', '078d2b04-f1bd-4111-bbd4-b4b1b354cef4', 'Microsoft Entra ID P1'),
  premium('AAD_PREMIUM_P2', '84a661c4-e949-4bd2-a560-ed7766fcaf2b', 'Microsoft Entra ID P2'),
  premium('EMS', 'efccb6f7-5641-4e0e-bd10-b4976e1bf68e', 'Enterprise Mobility + Security E3'),
  premium('EMSPREMIUM', 'b05e124f-c7cc-45a0-a6aa-8cf78c946968', 'Enterprise Mobility + Security E5'),
  premium('SPE_E3', '05e9a617-0261-4cee-bb44-138d3ef5d965', 'Microsoft 365 E3'),
  premium('SPE_E5', '06ebc4ee-1bb5-47dd-8120-11324bc54e06', 'Microsoft 365 E5'),
  premium('SPE_F1', '66b55226-6b4f-492c-910c-a3b7a3c9d993', 'Microsoft 365 F3'),
  premium('SPB', 'cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46', 'Microsoft 365 Business Premium', 'de377cbc-0019-4ec2-b77c-3f223947e102'),
  cloud('O365_BUSINESS_PREMIUM', 'f245ecc8-75af-4f8e-b61f-27d8114de5f3', 'Microsoft 365 Business Standard'),
  cloud('SMB_BUSINESS_PREMIUM', 'ac5cef5d-921b-4f97-9ef3-c99076e5470f', 'Microsoft 365 Business Standard'),
  cloud('O365_BUSINESS_ESSENTIALS', '3b555118-da6a-4418-894f-7df1e2096870', 'Microsoft 365 Business Basic'),
  cloud('SMB_BUSINESS_ESSENTIALS', 'dab7782a-93b1-4074-8bb1-0e61318bea0b', 'Microsoft 365 Business Basic'),
  cloud('O365_BUSINESS', 'cdd28e44-67e3-425e-be4c-737fab2899d3', 'Microsoft 365 Apps for business'),
  cloud('SMB_BUSINESS', 'b214fe43-f5a3-4703-beeb-fa97188220fc', 'Microsoft 365 Apps for business'),
  cloud('OFFICESUBSCRIPTION', 'c2273bd0-dff7-4215-9ef5-2c7bcfb06425', 'Microsoft 365 Apps for enterprise'),
  cloud('STANDARDPACK', '18181a46-0d4e-45cd-891e-60aabd171b4e', 'Office 365 E1'),
  cloud('STANDARDWOFFPACK', '6634e0ce-1a9f-428c-a498-f84ec7b8aa2e', 'Office 365 E2'),
  cloud('ENTERPRISEPACK', '6fd2c87f-b296-42f0-b197-1e91e994b900', 'Office 365 E3'),
  cloud('DEVELOPERPACK', '189a915c-fe4f-4ffa-bde4-85b9628d07a0', 'Office 365 E3 Developer'),
  cloud('ENTERPRISEWITHSCAL', '1392051d-0cb9-4b7a-88d5-621fee5e8711', 'Office 365 E4'),
  cloud('ENTERPRISEPREMIUM', 'c7df2760-2c81-4ef7-b578-5b5392b571df', 'Office 365 E5'),
  cloud('ENTERPRISEPREMIUM_NOPSTNCONF', '26d45bd9-adf1-46cd-a9e1-51e9a5524128', 'Office 365 E5 without audio conferencing'),
  cloud('DESKLESSPACK', '4b585984-651b-448a-9e53-3b10f069cf7f', 'Office 365 F3'),
  cloud('MIDSIZEPACK', '04a7fb0d-32e0-4241-b4f5-3f7618cd1162', 'Office 365 Midsize Business'),
  cloud('LITEPACK', 'bd09678e-b83c-4d3f-aaba-3dad4abd128b', 'Office 365 Small Business'),
  cloud('LITEPACK_P2', 'fc14ec4a-4169-49a4-a51e-2c852931814b', 'Office 365 Small Business Premium'),
  cloud('EXCHANGESTANDARD', '4b9405b0-7788-4568-add1-99614e613b69', 'Exchange Online (Plan 1)'),
  cloud('EXCHANGEENTERPRISE', '19ec0d23-8335-4cbd-94ac-6050e30712fa', 'Exchange Online (Plan 2)'),
  cloud('SHAREPOINTSTANDARD', '1fc08a02-8b3d-43b9-831e-f76859e04e1a', 'SharePoint Online (Plan 1)'),
  cloud('SHAREPOINTENTERPRISE', 'a9732ec9-17d9-494c-a51c-d6b45b384dcb', 'SharePoint Online (Plan 2)'),
  free('POWER_BI_STANDARD', 'a403ebcc-fae0-4ca2-8c8c-7a907fd6c235', 'Power BI (free)'),
  free('FLOW_FREE', 'f30db892-07e9-47e9-837c-80727f46fd3d', 'Power Automate Free'),
  free('RIGHTSMANAGEMENT_ADHOC', '8c4ce438-32a7-4ac5-91a6-e22ae08d9c8b', 'Rights Management Adhoc'),
]

const bySkuId = new Map(skus.map(sku => [sku.skuId, sku]))

export type LicenceOperation =
  | 'changePassword' | 'resetPassword' | 'unlock' | 'registerSecurityInfo' | 'administratorReset' | 'administratorSelfReset'
  | 'globalBannedList' | 'customBannedList' | 'lockoutSettings' | 'officePhone' | 'usageReports' | 'auditEvents'

/** What each operation needs, for cloud users and for synced ones (sspr §3.1); null = nothing. */
export const licenceMatrix: Readonly<Record<LicenceOperation, { cloud: LicenceClass | null; hybrid: LicenceClass | null }>> = {
  changePassword: { cloud: null, hybrid: 'PREMIUM' },
  resetPassword: { cloud: 'CLOUD', hybrid: 'PREMIUM' },
  unlock: { cloud: null, hybrid: 'PREMIUM' },
  // A synced user's data may be stored under CLOUD already; the reset itself stays refused until PREMIUM.
  registerSecurityInfo: { cloud: 'CLOUD', hybrid: 'CLOUD' },
  administratorReset: { cloud: null, hybrid: 'PREMIUM' },
  administratorSelfReset: { cloud: null, hybrid: 'PREMIUM' },
  globalBannedList: { cloud: null, hybrid: 'PREMIUM' },
  customBannedList: { cloud: 'PREMIUM', hybrid: 'PREMIUM' },
  lockoutSettings: { cloud: 'PREMIUM', hybrid: 'PREMIUM' },
  officePhone: { cloud: 'CLOUD', hybrid: 'CLOUD' },
  usageReports: { cloud: 'PREMIUM', hybrid: 'PREMIUM' },
  auditEvents: { cloud: 'CLOUD', hybrid: 'CLOUD' },
}

const rank: Record<LicenceClass, number> = { FREE: 0, CLOUD: 1, PREMIUM: 2 }

/** The class of a subscribed SKU; one nobody knows opens nothing. */
export function classOf(sku: SubscribedSkuFacts): LicenceClass {
  return sku.class ?? bySkuId.get(sku.skuId)?.class ?? 'FREE'
}

// Grace (`Warning`) still counts; suspended and below do not (sspr §3.3).
const counts = (sku: SubscribedSkuFacts) => sku.capabilityStatus === 'Enabled' || sku.capabilityStatus === 'Warning'

/** True when the organisation owns the class and has assigned at least one unit of it. */
export function organisationHas(tenant: Pick<TenantFacts, 'subscribedSkus'>, need: LicenceClass): boolean {
  return tenant.subscribedSkus.some(sku => rank[classOf(sku)] >= rank[need] && counts(sku) && sku.consumedUnits >= 1)
}

/** True when the person holds a usable licence of the class, directly or by group. */
export function personHas(tenant: Pick<TenantFacts, 'subscribedSkus'>, subject: Pick<SubjectFacts, 'licences'>, need: LicenceClass): boolean {
  return subject.licences.some(held => {
    const owned = tenant.subscribedSkus.find(sku => sku.skuId === held.skuId)
    const plan = bySkuId.get(held.skuId)?.decisivePlanId
    return owned !== undefined && counts(owned) && rank[classOf(owned)] >= rank[need] && !(plan && held.disabledPlans.includes(plan))
  })
}

/** What the operation needs for this person; null = nothing. Without a person: for a cloud user. */
export function licenceNeeded(operation: LicenceOperation, subject: SubjectFacts | null): LicenceClass | null {
  return licenceMatrix[operation][subject && isOnPremises(subject) ? 'hybrid' : 'cloud']
}

/** Passes, or refuses with SSPR_0012 (sspr §3.2). Without a person only the organisation is asked. */
export function licenceGate(operation: LicenceOperation, facts: { tenant: TenantFacts; subject: SubjectFacts | null }): Verdict {
  const need = licenceNeeded(operation, facts.subject)
  const { licensing } = facts.tenant.settings
  if (need === null || licensing === 'off') return allow
  const has = licensing === 'user' && facts.subject ? personHas(facts.tenant, facts.subject, need) : organisationHas(facts.tenant, need)
  return has ? allow : deny('SSPR_0012', { need })
}

/** Which of the owned SKUs open which operations, for the licence page (M-13). */
export function operationsOpenedBy(sku: SubscribedSkuFacts): LicenceOperation[] {
  if (!counts(sku) || sku.consumedUnits < 1) return []
  return (Object.keys(licenceMatrix) as LicenceOperation[]).filter(operation => {
    const need = licenceMatrix[operation].cloud ?? licenceMatrix[operation].hybrid
    return need !== null && rank[classOf(sku)] >= rank[need]
  })
}
