import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { NewPasswordFields, PasswordField } from '../page/field.tsx'
import { Button, Form } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { ReasonNotice } from '../page/notice.tsx'
import { reasonText } from '../text.ts'
import type { Reason } from '../rules/verdict.ts'

interface NewPasswordProps {
  context: PageContext
  why: 'mustChange' | 'expired'
  userName: string
  asksCurrent: boolean
  /** 8 or 15, by the tenant's rules. */
  minimumLength: number
  reasons?: readonly Reason[]
}

/** A new password before going on: after a reset by an administrator, or when the old one is too old (sspr §8.1). */
export function ExpiredPasswordPage({ context, why, userName, asksCurrent, minimumLength, reasons = [] }: NewPasswordProps): VNode {
  const { t, locale } = context
  const mismatch = reasons.find(one => one.code === 'LK_PASSWORD_MISMATCH')
  const current = reasons.find(one => one.code === 'LK_PASSWORD_CURRENT_WRONG')
  const other = reasons.find(one => one !== mismatch && one !== current)
  const text = (one: Reason | undefined) => one && reasonText(locale, one)
  const field = current ? 'password' : mismatch ? 'confirmPassword' : 'newPassword'
  return (
    <Layout context={context} title={t('signin.new.title')} lead={t(why === 'expired' ? 'signin.new.expired' : 'signin.new.must')}>
      <ReasonNotice context={context} reasons={reasons} field={field} />
      <Form context={context} action="/signin/new-password">
        {asksCurrent && <PasswordField context={context} kind="current" label={t('signin.new.current')} error={text(current)} />}
        <NewPasswordFields
          context={context} userName={userName} hint={t('signin.new.hint', { count: minimumLength })} error={text(other)} confirmError={text(mismatch)}
        />
        <Button>{t('signin.new.save')}</Button>
      </Form>
      <Form context={context} action="/signout"><Button kind="link">{t('signin.second.cancel')}</Button></Form>
    </Layout>
  )
}
