import type { VNode } from 'preact'
import type { Refusal } from '../refusal.ts'
import type { PageContext } from './context.ts'
import { Layout } from './layout.tsx'
import { ReasonNotice } from './notice.tsx'

/** What people see when a page cannot be shown: why, what to do about it, and the code to tell the help desk. */
export function refusalPage(context: PageContext, refusal: Refusal): VNode {
  const told = refusal.reasons.filter(one => one.audience === 'anyone')
  const reasons = told.length > 0 ? told : [{ code: 'LK_NOT_ALLOWED' }]
  return (
    <Layout context={context} title={context.t('page.refused.title')}>
      <ReasonNotice context={context} reasons={reasons} supportCode={context.correlationId} />
      <p><a href="/">{context.t('page.refused.start')}</a></p>
    </Layout>
  )
}
