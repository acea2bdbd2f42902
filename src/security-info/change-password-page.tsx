import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { NewPasswordFields, PasswordField } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice, ReasonNotice } from '../page/notice.tsx'
import type { Reason } from '../rules/verdict.ts'
import { reasonText } from '../text.ts'
import { inWords } from './same-page-again.ts'

/** Which rules the page can promise: the tenant's own, or the domain's, which cannot be shown (F-18). */
export type ShownRules = { kind: 'entra' } | { kind: 'nist'; length: number } | { kind: 'onprem' }

interface ChangePasswordProps {
  context: PageContext
  userPrincipalName: string
  /** False right after a proof of password and second factor (LD-48). */
  askCurrent: boolean
  rules: ShownRules
  reasons?: readonly Reason[]
  field?: string
}

export function ChangePasswordPage({ context, userPrincipalName, askCurrent, rules, field, ...shown }: ChangePasswordProps): VNode {
  const { t, locale } = context
  const reasons = inWords(shown.reasons ?? [], { currentPassword: t('security-info.password.current'), newPassword: t('field.newPassword') })
  const errorOf = (name: string) => (field === name && reasons[0] ? reasons.map(one => reasonText(locale, one)).join(' ') : undefined)
  const hint = rules.kind === 'nist' ? t('security-info.password.rules.nist', { length: rules.length }) : t(`security-info.password.rules.${rules.kind}`)
  return (
    <Layout context={context} title={t('security-info.password.title')}>
      <ReasonNotice context={context} reasons={reasons} field={field} />
      {!askCurrent && <Notice kind="info">{t('security-info.password.not-asked')}</Notice>}
      <Form context={context} action="/changepassword">
        {askCurrent && <PasswordField context={context} kind="current" name="currentPassword" label={t('security-info.password.current')} error={errorOf('currentPassword')} />}
        <NewPasswordFields context={context} userName={userPrincipalName} hint={hint} error={errorOf('newPassword')} confirmError={errorOf('confirmPassword')} />
        <p class="hint">{t('security-info.password.sessions')}</p>
        <Actions>
          <Button>{t('security-info.password.submit')}</Button>
          <LinkButton href="/security-info">{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

/** After it worked. App passwords outlive a change, so their owner is told (sspr §10). */
export function PasswordChangedPage({ context, pending, appPasswords }: { context: PageContext; pending: boolean; appPasswords: number }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('security-info.password.done.title')}>
      <Notice kind="success">{t('security-info.password.done.text')}</Notice>
      {pending && <Notice kind="info">{t('security-info.password.done.pending')}</Notice>}
      {appPasswords > 0 && (
        <Notice kind="warning">
          <p>{t('security-info.password.done.app-passwords', { count: appPasswords })}</p>
          <p><a href="/app-passwords">{t('security-info.links.app-passwords')}</a></p>
        </Notice>
      )}
      <Actions><LinkButton kind="primary" href="/security-info">{t('security-info.password.back')}</LinkButton></Actions>
    </Layout>
  )
}
