import type { VNode } from 'preact'
import { assets } from '../page/assets.ts'
import { Choice } from '../page/choice.tsx'
import type { ChoiceOption } from '../page/choice.tsx'
import type { PageContext } from '../page/context.ts'
import { CodeField, Field, NewPasswordFields } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import type { IconName } from '../page/icon.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice, ReasonNotice, SupportCode } from '../page/notice.tsx'
import { Steps } from '../page/steps.tsx'
import type { Reason } from '../rules/verdict.ts'
import { reasonText } from '../text.ts'
import type { Journey, Offer, OfferedWay } from './view.ts'
import type { WorkTicket } from './proof-of-work.ts'

const icons: Readonly<Record<OfferedWay, IconName>> = {
  code: 'app', appNotification: 'app', email: 'mail', mobileSms: 'phone', mobileCall: 'phone', officeCall: 'office', securityQuestions: 'question',
}

interface JourneyProps {
  context: PageContext
  journey: Journey
  reasons?: readonly Reason[]
}

/** "Who are you?" The one page everybody sees; it knows nothing of any account. */
export function StartPage({ context, username, whr, reasons = [], work, busy }: {
  context: PageContext; username?: string; whr?: string; reasons?: readonly Reason[]; work?: WorkTicket
  /** The name is there already and only the work is missing: script sends the form by itself. */
  busy?: boolean
}): VNode {
  const { t, locale } = context
  const wrong = reasons[0] && reasonText(locale, reasons[0])
  return (
    <Layout context={context} title={t('reset.start.title')} lead={t('reset.start.lead')} before={<Where context={context} at={1} />}>
      <ReasonNotice context={context} reasons={reasons} field={wrong ? 'username' : undefined} />
      {busy && <Notice kind="info">{t('reset.wait.lead')}</Notice>}
      <Form context={context} action="/reset" hidden={{ whr, work: work?.token }}>
        {work && (
          <input
            type="hidden" name="solution" value="" data-puzzle={work.puzzle} data-bits={work.bits} data-busy={t('reset.work.busy')}
            data-send={busy ? 'yes' : undefined}
          />
        )}
        <Field
          context={context} name="username" label={t('field.username')} hint={t('reset.start.hint')} value={username} autocomplete="username"
          type="email" inputmode="email" maxlength={320} tidy="name" error={wrong} autofocus={!wrong}
        />
        <Button>{t('page.continue')}</Button>
      </Form>
      <p><a href="/reset/know-password">{t('reset.start.know')}</a></p>
      <p><a href="/signin">{t('reset.start.signIn')}</a></p>
      {work && <script src={assets.work} defer />}
    </Layout>
  )
}

/** The way without script when there is a rush: wait, then press (T-26). */
export function WaitPage({ context, username, whr, work }: { context: PageContext; username: string; whr?: string; work: WorkTicket }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.wait.title')} lead={t('reset.wait.lead')} before={<Where context={context} at={1} />}>
      <Form context={context} action="/reset" hidden={{ username, whr, work: work.token }}>
        <p>{t('reset.wait.text', { seconds: work.waitSeconds })}</p>
        <Button waitSeconds={work.waitSeconds}>{t('page.continue')}</Button>
      </Form>
    </Layout>
  )
}

/** The choice of a way. Under `private` the same for every name; after the first gate the person's own. */
export function MethodPage({ context, journey, offers, chosen, reasons = [] }: JourneyProps & { offers: readonly Offer[]; chosen?: string }): VNode {
  const { t } = context
  const second = journey.gate === 2
  return (
    <Layout
      context={context} title={t(second ? 'reset.method.titleSecond' : 'reset.method.title')}
      lead={t(second ? 'reset.method.leadSecond' : 'reset.method.lead')} before={<Where context={context} at={2} />}
    >
      <ReasonNotice context={context} reasons={reasons} />
      {offers.length === 0 ? <Notice kind="warning">{t('reset.method.none')}</Notice> : (
        <Form context={context} action="/reset/method">
          <Choice
            context={context} name="method" legend={t('reset.method.legend')} hideLegend value={chosen ?? (offers.length === 1 ? offers[0]!.value : undefined)}
            options={offers.map(offer => optionOf(context, offer))}
          />
          <Button>{t('page.continue')}</Button>
        </Form>
      )}
      <Foot context={context} journey={journey} />
    </Layout>
  )
}

function optionOf({ t }: PageContext, offer: Offer): ChoiceOption {
  const { value, way, masked } = offer
  const hint = masked === undefined || (way !== 'email' && way !== 'mobileSms') ? t(`reset.method.${way}Hint`) : t(`reset.method.${way}To`, { masked })
  return { value, icon: icons[way], label: t(`reset.method.${way}`), hint: offer.forAdministrators ? `${t('reset.method.administrators')}. ${hint}` : hint }
}

/** The whole number, before anything is sent to it (T-20). */
export function NumberPage({ context, journey, offer, number, reasons = [] }: JourneyProps & { offer: Offer; number?: string }): VNode {
  const { t, locale } = context
  const wrong = reasons[0] && reasonText(locale, reasons[0])
  const lead = offer.masked ? t('reset.number.leadMasked', { masked: offer.masked }) : t('reset.number.lead')
  return (
    <Layout context={context} title={t('reset.number.title')} lead={lead} before={<Where context={context} at={2} />}>
      <ReasonNotice context={context} reasons={reasons} field={wrong ? 'number' : undefined} />
      <Form context={context} action="/reset/number" hidden={{ method: offer.value }}>
        <Field
          context={context} name="number" label={t('reset.number.label')} hint={t('reset.number.hint')} value={number} type="tel" inputmode="tel"
          autocomplete="tel" maxlength={40} error={wrong} autofocus={!wrong}
        />
        <Button>{t('reset.number.send')}</Button>
      </Form>
      <OtherWay context={context} />
      <Foot context={context} journey={journey} />
    </Layout>
  )
}

/** The code that was sent, or that an app shows. The words do not tell whether one was sent at all (T-01). */
export function CodePage({ context, journey, offer, waitSeconds, resent, reasons = [] }: JourneyProps & {
  offer: Offer; waitSeconds: number; resent?: boolean
}): VNode {
  const { t, locale } = context
  const sent = offer.way !== 'code'
  const wrong = reasons[0] && reasonText(locale, reasons[0])
  return (
    <Layout context={context} title={t('reset.code.title')} lead={codeLead(context, offer)} before={<Where context={context} at={2} />}>
      {resent && reasons.length === 0 && <Notice kind="info">{t('reset.code.resent')}</Notice>}
      <ReasonNotice context={context} reasons={reasons} field={wrong ? 'code' : undefined} />
      <Form context={context} action="/reset/code" hidden={{ method: offer.value }}>
        <CodeField
          context={context} error={wrong} autofocus={!wrong}
          hint={t(!sent ? 'reset.code.hintApp' : offer.way === 'email' ? 'reset.code.hint' : 'reset.code.hintSms')}
        />
        <Button>{t('reset.code.check')}</Button>
      </Form>
      {sent && (
        <Form context={context} action="/reset/resend" hidden={{ method: offer.value }}>
          <Button kind="link" waitSeconds={waitSeconds} waitText={t('reset.code.resendWait', { seconds: '{seconds}' })}>{t('reset.code.resend')}</Button>
        </Form>
      )}
      {offer.way === 'mobileSms' && <p><a href={`/reset/prove?method=${encodeURIComponent(offer.value)}&at=number`}>{t('reset.number.again')}</a></p>}
      <OtherWay context={context} />
      <Foot context={context} journey={journey} />
    </Layout>
  )
}

function codeLead({ t }: PageContext, { way, masked }: Offer): string {
  if (way === 'code') return t('reset.code.appLead')
  const key = way === 'email' ? 'reset.code.emailLead' : 'reset.code.mobileSmsLead'
  return masked ? t(`${key}To`, { masked }) : t(key)
}

/** All drawn questions on one page; all answers are judged together. */
export function QuestionsPage({ context, journey, offer, questions, reasons = [] }: JourneyProps & {
  offer: Offer; questions: readonly { id: string; text: string }[]
}): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.questions.title')} lead={t('reset.questions.lead')} before={<Where context={context} at={2} />}>
      <ReasonNotice context={context} reasons={reasons} field={reasons.length > 0 ? 'answer-1' : undefined} />
      <Form context={context} action="/reset/answers" hidden={{ method: offer.value }}>
        {questions.map((question, index) => (
          <Field
            key={question.id} context={context} name={`answer-${index + 1}`} label={question.text} autocomplete="off" maxlength={200}
            autofocus={index === 0 && reasons.length === 0}
          />
        ))}
        <Button>{t('reset.questions.check')}</Button>
      </Form>
      <OtherWay context={context} />
      <Foot context={context} journey={journey} />
    </Layout>
  )
}

/** Reset, or only unlock: asked where both are open (sspr §5.3). */
export function IntentPage({ context, journey, wrong }: JourneyProps & { wrong?: boolean }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.intent.title')} before={<Where context={context} at={2} />}>
      <Form context={context} action="/reset/intent">
        <Choice
          context={context} name="intent" legend={t('reset.intent.legend')} hideLegend error={wrong ? t('reset.intent.choose') : undefined}
          options={[
            { value: 'reset', icon: 'password', label: t('reset.intent.reset'), hint: t('reset.intent.resetHint') },
            { value: 'unlock', icon: 'key', label: t('reset.intent.unlock'), hint: t('reset.intent.unlockHint') },
          ]}
        />
        <Button>{t('page.continue')}</Button>
      </Form>
      <Foot context={context} journey={journey} />
    </Layout>
  )
}

/** The new password. Rules are told to people whose password lives here, and not to those of a domain (sspr §5.8). */
export function PasswordPage({ context, journey, userName, rules, reasons = [] }: JourneyProps & {
  userName: string; rules: { kind: 'entra' } | { kind: 'nist'; length: number } | { kind: 'domain' }
}): VNode {
  const { t, locale } = context
  const mismatch = reasons.find(one => one.code === 'LK_PASSWORD_MISMATCH')
  const other = reasons.find(one => one !== mismatch)
  const hint = rules.kind === 'nist' ? t('reset.password.hintNist', { length: rules.length }) : rules.kind === 'entra' && t('reset.password.hintEntra')
  return (
    <Layout context={context} title={t('reset.password.title')} lead={t('reset.password.lead')} before={<Where context={context} at={3} />}>
      <ReasonNotice context={context} reasons={reasons} field={mismatch ? 'confirmPassword' : 'newPassword'} />
      <Form context={context} action="/reset/password">
        <NewPasswordFields
          context={context} userName={userName} hint={hint || undefined} error={other && reasonText(locale, other)} confirmError={mismatch && reasonText(locale, mismatch)}
        />
        <Button>{t('reset.password.save')}</Button>
      </Form>
      <Foot context={context} journey={journey} />
    </Layout>
  )
}

export function UnlockPage({ context, journey, reasons = [] }: JourneyProps): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.unlock.title')} lead={t('reset.unlock.lead')} before={<Where context={context} at={3} unlock />}>
      <ReasonNotice context={context} reasons={reasons} />
      <Form context={context} action="/reset/unlock"><Button>{t('reset.unlock.button')}</Button></Form>
      <Foot context={context} journey={journey} />
    </Layout>
  )
}

/** Three steps for the whole journey; a second gate is part of the second. */
function Where({ context, at, unlock }: { context: PageContext; at: 1 | 2 | 3; unlock?: boolean }): VNode {
  const { t } = context
  const last = t(unlock ? 'reset.steps.unlock' : 'reset.steps.password')
  return <Steps context={context} current={at} labels={[t('reset.steps.who'), t('reset.steps.prove'), last]} />
}

function OtherWay({ context }: { context: PageContext }): VNode {
  return <p><a href="/reset/step">{context.t('reset.code.another')}</a></p>
}

/** Help, a way out, and the support code: on every page of a transaction. */
export function Foot({ context, journey, stop = true }: { context: PageContext; journey: Journey; stop?: boolean }): VNode {
  return (
    <>
      <hr />
      <Actions>
        <ContactAdministrator context={context} journey={journey} />
        {stop && <Form context={context} action="/reset/cancel"><Button kind="link">{context.t('reset.stop')}</Button></Form>}
      </Actions>
      <SupportCode context={context} code={journey.supportCode} />
    </>
  )
}

/** The tenant's own help page or address where it has one, else a request to its administrators (sspr §5.9). */
export function ContactAdministrator({ context, journey, primary }: { context: PageContext; journey: Journey; primary?: boolean }): VNode {
  const { t } = context
  const { helpdesk } = journey
  const kind = primary ? 'primary' : 'link'
  if (helpdesk.kind === 'link') return <LinkButton href={helpdesk.href} kind={kind}>{t('reset.contact.link')}</LinkButton>
  if (helpdesk.kind === 'mail')
    return <LinkButton href={`mailto:${encodeURIComponent(helpdesk.address)}`} kind={kind}>{t('reset.contact.mail', { address: helpdesk.address })}</LinkButton>
  return <Form context={context} action="/reset/contact"><Button kind={kind}>{t('reset.contact.button')}</Button></Form>
}
