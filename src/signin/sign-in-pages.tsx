import type { ComponentChildren, VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Field, PasswordField } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { TaskList } from '../page/method-list.tsx'
import { ErrorSummary, ReasonNotice } from '../page/notice.tsx'
import type { Reason } from '../rules/verdict.ts'

/** The first page of all: three things people come for, in their own words. */
export function StartPage({ context }: { context: PageContext }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('signin.start.title', { organisation: context.branding.displayName })} lead={t('signin.start.lead')}>
      <TaskList
        tasks={[
          { href: '/reset', icon: 'key', title: t('signin.start.reset'), detail: t('signin.start.reset.detail') },
          { href: '/security-info', icon: 'shield', title: t('signin.start.register'), detail: t('signin.start.register.detail') },
          { href: '/signin', icon: 'person', title: t('signin.start.sign-in'), detail: t('signin.start.sign-in.detail') },
        ]}
      />
    </Layout>
  )
}

interface SignInProps {
  context: PageContext
  userName?: string
  continueTo?: string
  reasons?: readonly Reason[]
  /** Fields left empty. */
  missing?: readonly ('userName' | 'password' | 'pass')[]
}

/** Name and password on one page: nothing on the way tells whether a name exists (T-01). */
export function SignInPage({ context, userName, continueTo, reasons = [], missing = [] }: SignInProps): VNode {
  const { t } = context
  const required = (field: 'userName' | 'password') =>
    missing.includes(field) ? t('field.required', { field: t(field === 'userName' ? 'field.username' : 'field.password') }) : undefined
  return (
    <Layout context={context} title={t('signin.title')} lead={t('signin.lead', { organisation: context.branding.displayName })}>
      <ReasonNotice context={context} reasons={reasons} title={t('signin.failed')} />
      <ErrorSummary context={context} errors={missing.map(field => ({ field, text: required(field as 'userName') ?? '' }))} />
      <Form context={context} action="/signin" hidden={{ continue: continueTo }}>
        <NameField context={context} value={userName} error={required('userName')} autofocus={!userName && missing.length + reasons.length === 0} />
        <PasswordField context={context} kind="current" error={required('password')} />
        <Button>{t('signin.button')}</Button>
      </Form>
      <OtherWays>
        <a href="/reset">{t('signin.forgot')}</a>
        <a href={withContinue('/signin/pass', continueTo)}>{t('signin.pass.link')}</a>
      </OtherWays>
    </Layout>
  )
}

/** With a temporary access pass in place of the password (sspr §4.7). */
export function PassPage({ context, userName, continueTo, reasons = [], missing = [] }: SignInProps): VNode {
  const { t } = context
  const labels = { userName: t('field.username'), password: '', pass: t('signin.pass.field') }
  const errors = missing.map(field => ({ field, text: t('field.required', { field: labels[field] }) }))
  const errorOf = (field: string) => errors.find(one => one.field === field)?.text
  return (
    <Layout context={context} title={t('signin.pass.title')} lead={t('signin.pass.lead')}>
      <ReasonNotice context={context} reasons={reasons} title={t('signin.failed')} />
      <ErrorSummary context={context} errors={errors} />
      <Form context={context} action="/signin/pass" hidden={{ continue: continueTo }}>
        <NameField context={context} value={userName} error={errorOf('userName')} />
        <PasswordField context={context} kind="current" name="pass" label={t('signin.pass.field')} maxlength={64} error={errorOf('pass')} />
        <Actions>
          <Button>{t('signin.button')}</Button>
          <LinkButton kind="link" href={withContinue('/signin', continueTo)}>{t('signin.pass.back')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

/** After signing out, on a computer that may not be one's own (T-35). */
export function SignedOutPage({ context }: { context: PageContext }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('signin.out.title')} lead={t('signin.out.lead')}>
      <Actions><LinkButton kind="primary" href="/signin">{t('signin.out.again')}</LinkButton></Actions>
    </Layout>
  )
}

/** `GET /signout` changes nothing: it asks. */
export function SignOutPage({ context }: { context: PageContext }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('signin.out.ask')}>
      <Form context={context} action="/signout">
        <Actions>
          <Button>{t('page.signOut')}</Button>
          <LinkButton href="/account">{t('page.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

function NameField({ context, value, error, autofocus }: { context: PageContext; value?: string; error?: string; autofocus?: boolean }): VNode {
  return (
    <Field
      context={context} name="userName" label={context.t('field.username')} hint={context.t('signin.name.hint')} value={value} error={error}
      autocomplete="username" inputmode="email" maxlength={320} tidy="name" autofocus={autofocus} plain
    />
  )
}

/** Links under a form, each on its line. */
export function OtherWays({ children }: { children: ComponentChildren }): VNode {
  return <div class="ways">{children}</div>
}

export function withContinue(path: string, continueTo: string | undefined): string {
  return continueTo === undefined ? path : `${path}?continue=${encodeURIComponent(continueTo)}`
}
