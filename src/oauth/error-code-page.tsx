import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Layout } from '../page/layout.tsx'
import { Notice } from '../page/notice.tsx'
import { meaningOf } from './errors.ts'

/** What an AADSTS code means. Nothing of the address is shown but the number of a code there is. */
export function errorCodePage(context: PageContext, code: string): VNode {
  const { t } = context
  const meaning = meaningOf(code)
  if (meaning === undefined) return <Layout context={context} title={t('oauth.code.title', { code: '…' })} lead={t('oauth.code.unknown')} />
  return (
    <Layout context={context} title={t('oauth.code.title', { code })} lead={t('oauth.code.lead')}>
      <Notice kind="info" title={`${meaning.error} (${meaning.status})`}>
        <p lang="en">{meaning.text}</p>
      </Notice>
    </Layout>
  )
}
