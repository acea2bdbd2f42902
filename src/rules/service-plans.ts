// The service plans that a licence is made of, as far as they matter here: the one that makes it count (sspr §2.6).
import { skus } from './licences.ts'

export interface ServicePlan {
  servicePlanId: string
  servicePlanName: string
}

const names: Readonly<Record<string, string>> = {
  '41781fb2-bc02-4b7c-bd55-b576c07bb09d': 'AAD_PREMIUM',
  'de377cbc-0019-4ec2-b77c-3f223947e102': 'AAD_SMB',
  'c4da7f8a-5ee2-4c99-a7e1-87d2df57f6fe': 'AAD_BASIC',
}

/** Empty for a product without a plan that decides. */
export function servicePlansOf(skuId: string): ServicePlan[] {
  const id = skus.find(sku => sku.skuId === skuId)?.decisivePlanId
  return id === undefined ? [] : [{ servicePlanId: id, servicePlanName: names[id] ?? 'UNKNOWN' }]
}
