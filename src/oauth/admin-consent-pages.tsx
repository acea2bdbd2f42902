import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Actions, Button, Form } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice } from '../page/notice.tsx'
import { Answers, Permissions } from './pages.tsx'
import type { PermissionText } from './pages.tsx'

interface Common {
  context: PageContext
  action: string
  programName: string
}

/** For everybody of the organisation: in their names, and what the program may do by itself. */
export function AdminConsentPage({ context, action, programName, host, shown, inTheirName, byItself }: Common & {
  host: string; shown: string; inTheirName: readonly PermissionText[]; byItself: readonly PermissionText[]
}): VNode {
  const { t } = context
  const organisation = context.branding.displayName
  return (
    <Layout context={context} title={t('oauth.admin.title', { app: programName, organisation })} lead={t('oauth.admin.lead')}>
      {inTheirName.length > 0 && <Permissions label={t('oauth.admin.delegated')} permissions={inTheirName} />}
      {byItself.length > 0 && <Permissions label={t('oauth.admin.own')} permissions={byItself} />}
      {inTheirName.length + byItself.length === 0 && <p>{t('oauth.admin.nothing')}</p>}
      <p>{t('oauth.consent.where', { host })}</p>
      {byItself.length > 0 && <Notice kind="warning"><p>{t('oauth.admin.warning')}</p></Notice>}
      <Form context={context} action={action} hidden={{ shown }}>
        <Answers agree={t('oauth.admin.agree', { organisation })} refuse={t('oauth.consent.refuse')} />
      </Form>
    </Layout>
  )
}

/** Signed in, and not in a role that may agree for others. */
export function AdminNeededPage({ context, action, programName, forRoles }: Common & { forRoles: boolean }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.admin.needed.title')} lead={t(forRoles ? 'oauth.admin.needed.roles' : 'oauth.admin.needed.scopes', { app: programName })}>
      <Form context={context} action={action}>
        <Actions><Button name="answer" value="refuse">{t('oauth.approval.back', { app: programName })}</Button></Actions>
      </Form>
    </Layout>
  )
}
