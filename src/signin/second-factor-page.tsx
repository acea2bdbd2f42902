import type { VNode } from 'preact'
import { Choice } from '../page/choice.tsx'
import type { PageContext } from '../page/context.ts'
import { CodeField, PasswordField } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice, ReasonNotice } from '../page/notice.tsx'
import type { Reason } from '../rules/verdict.ts'
import { OtherWays } from './sign-in-pages.tsx'
import type { SecondFactor } from './second-factors.ts'

interface ProofProps {
  context: PageContext
  /** '/signin/second-factor' or '/signin/again': the same pages serve both. */
  base: '/signin/second-factor' | '/signin/again'
  reasons?: readonly Reason[]
}

/** Which of several ways to prove it. */
export function ChooseFactorPage({ context, base, factors, reasons = [] }: ProofProps & { factors: readonly SecondFactor[] }): VNode {
  const { t } = context
  if (factors.length === 0) return <NoFactorPage context={context} />
  return (
    <Layout context={context} title={titleOf(context, base)} lead={t('signin.second.choose')}>
      <ReasonNotice context={context} reasons={reasons} field={reasons.length > 0 ? 'methodId' : undefined} />
      <Form context={context} action={base} method="get">
        <Choice
          context={context} name="methodId" legend={t('signin.second.choose')} hideLegend value={factors[0]?.methodId}
          options={factors.map(one => ({ value: one.methodId, label: labelOf(context, one), hint: detailOf(one), icon: one.way === 'sms' ? 'phone' : 'app' }))}
        />
        <Button>{t('page.continue')}</Button>
      </Form>
      <CancelWay context={context} base={base} />
    </Layout>
  )
}

interface CodeProps extends ProofProps {
  factor: SecondFactor
  /** A text is on its way. */
  sent: boolean
  /** Seconds until another one may be asked for. */
  waitSeconds?: number
  hasOthers: boolean
}

/** Asks for a code: from an app at once, from a phone after "Send". */
export function FactorCodePage({ context, base, factor, sent, waitSeconds, hasOthers, reasons = [] }: CodeProps): VNode {
  const { t } = context
  const asks = factor.way === 'totp' || sent
  const lead = factor.way === 'totp'
    ? t('signin.second.app.lead', { name: factor.name ?? labelOf(context, factor) })
    : t(sent ? 'signin.second.sms.sent' : 'signin.second.sms.lead', { number: factor.hint })
  return (
    <Layout context={context} title={titleOf(context, base)} lead={lead}>
      <ReasonNotice context={context} reasons={reasons} field={asks && reasons.length > 0 ? 'code' : undefined} />
      {asks && (
        <Form context={context} action={base} hidden={{ methodId: factor.methodId }}>
          <CodeField context={context} hint={t(factor.way === 'totp' ? 'signin.second.app.hint' : 'signin.second.sms.hint')} autofocus={reasons.length === 0} />
          <Button>{t('signin.second.check')}</Button>
        </Form>
      )}
      {factor.way === 'sms' && (
        <Form context={context} action={`${base}/send`} hidden={{ methodId: factor.methodId }}>
          <Button kind={sent ? 'link' : 'primary'} waitSeconds={sent ? waitSeconds : undefined} waitText={t('signin.second.wait', { seconds: '{seconds}' })}>
            {t(sent ? 'signin.second.resend' : 'signin.second.send')}
          </Button>
        </Form>
      )}
      <OtherWays>
        {hasOthers && <a href={`${base}?choose=1`}>{t('signin.second.other')}</a>}
        <a href="/help#LK_SECOND_FACTOR">{t('signin.second.lost')}</a>
      </OtherWays>
      <CancelWay context={context} base={base} />
    </Layout>
  )
}

/** Registered, and yet no way is open just now: said plainly, with what helps. */
function NoFactorPage({ context }: { context: PageContext }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('signin.second.title')}>
      <Notice kind="warning" title={t('signin.second.none')}>{t('signin.second.none.help')}</Notice>
      <Actions><LinkButton kind="primary" href="/signin/pass">{t('signin.pass.link')}</LinkButton></Actions>
    </Layout>
  )
}

/** "Confirm that it is you" by the password, for people who have nothing stronger. */
export function AgainPasswordPage({ context, userName, reasons = [] }: { context: PageContext; userName: string; reasons?: readonly Reason[] }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('signin.again.title')} lead={t('signin.again.lead')}>
      <ReasonNotice context={context} reasons={reasons} field={reasons.length > 0 ? 'password' : undefined} />
      <Form context={context} action="/signin/again">
        <input class="aside" type="text" name="userName" autocomplete="username" value={userName} readonly tabindex={-1} aria-hidden="true" />
        <PasswordField context={context} kind="current" autofocus={reasons.length === 0} />
        <Button>{t('page.continue')}</Button>
      </Form>
      <CancelWay context={context} base="/signin/again" />
    </Layout>
  )
}

function CancelWay({ context, base }: { context: PageContext; base: ProofProps['base'] }): VNode {
  if (base === '/signin/again') return <OtherWays><a href="/account">{context.t('page.cancel')}</a></OtherWays>
  return (
    <Form context={context} action="/signout"><Button kind="link">{context.t('signin.second.cancel')}</Button></Form>
  )
}

const titleOf = ({ t }: PageContext, base: ProofProps['base']) => t(base === '/signin/again' ? 'signin.again.title' : 'signin.second.title')

const labelOf = ({ t }: PageContext, factor: SecondFactor) => t(factor.way === 'sms' ? 'signin.second.sms' : 'signin.second.app')
const detailOf = (factor: SecondFactor) => (factor.way === 'sms' ? factor.hint : (factor.name ?? undefined))
