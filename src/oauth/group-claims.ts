/** `groups` in people's tokens, where the application wants them (oauth §14): at most 200, beyond that the address where to ask. */
import type { App } from '../app.ts'
import { transitiveGroups } from '../store/groups.ts'

const most = 200

/**
 * @param wanted `groupMembershipClaims` of the application the token is for: 'SecurityGroup', 'All', 'None' or several with commas
 * @param origin where Graph is
 */
export async function groupClaims(app: App, { tenantId, userId, wanted, origin }: { tenantId: string; userId: string; wanted: string | null; origin: string }): Promise<Record<string, unknown>> {
  if (!/\b(SecurityGroup|All)\b/i.test(wanted ?? '')) return {}
  const groups = await transitiveGroups(app.db, tenantId, userId)
  if (groups.length === 0) return {}
  if (groups.length <= most) return { groups: groups.map(group => group.id) }
  return { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: `${origin}/v1.0/users/${userId}/getMemberObjects` } } }
}
