import type { VNode } from 'preact'
import { Choice } from '../page/choice.tsx'
import type { PageContext } from '../page/context.ts'
import { CodeField, Field } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Icon } from '../page/icon.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice, ReasonNotice } from '../page/notice.tsx'
import type { Reason } from '../rules/verdict.ts'
import { reasonText } from '../text.ts'
import type { MessageKey } from '../text.ts'
import { iconOf, nameKey, slugOf } from './kinds.ts'
import type { DestinationKind } from './kinds.ts'
import { inWords } from './same-page-again.ts'
import type { RegistrationOffer } from '../rules/registration.ts'

export interface StepProps {
  context: PageContext
  /** Where this door's pages begin: '/security-info' or '/security-info/register'. */
  base: string
  reasons?: readonly Reason[]
  /** The field the first reason is about. */
  field?: string
}

/** Which method to add; those that cannot be added now stand below, each with the reason. */
export function ChoosePage({ context, base, offers, questionCount, reasons = [] }: StepProps & { offers: readonly RegistrationOffer[]; questionCount: number }): VNode {
  const { t, locale } = context
  const open = offers.filter(offer => offer.verdict.allowed)
  const closed = offers.filter(offer => !offer.verdict.allowed)
  return (
    <Layout context={context} title={t('security-info.add.title')}>
      <ReasonNotice context={context} reasons={inWords(reasons, { method: t('security-info.add.question') })} />
      {open.length === 0 && <Notice kind="info">{t('security-info.add.none')}</Notice>}
      <Form context={context} action={`${base}/add`}>
        {open.length > 0 && (
          <Choice
            context={context} name="method" legend={t('security-info.add.question')}
            options={open.map(offer => ({
              value: slugOf(offer.kind), label: t(nameKey(offer.kind)), icon: iconOf(offer.kind),
              hint: t(`security-info.what.${offer.kind}` as MessageKey, { count: questionCount }),
            }))}
          />
        )}
        <Actions>
          {open.length > 0 && <Button>{t('security-info.action.next')}</Button>}
          <LinkButton href={base}>{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
      {closed.length > 0 && (
        <details>
          <summary>{t('security-info.add.unavailable')}</summary>
          <ul class="list">
            {closed.map(offer => (
              <li key={offer.kind}>
                <Icon name={iconOf(offer.kind)} />
                <div class="what">
                  <p class="name">{t(nameKey(offer.kind))}</p>
                  {!offer.verdict.allowed && <p class="hint">{reasonText(locale, offer.verdict.reasons[0]!)}</p>}
                </div>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Layout>
  )
}

interface DestinationPageProps extends StepProps {
  kind: DestinationKind
  /** What was typed, or what the directory knows. */
  value?: string
  prefilled?: boolean
  action: string
  changing?: boolean
  example: string
}

/** An address or a number; the answer to the post is a code on its way to it. */
export function DestinationPage({ context, base, kind, value, prefilled, action, changing, example, field, ...shown }: DestinationPageProps): VNode {
  const { t, locale } = context
  const email = kind === 'email'
  const reasons = inWords(shown.reasons ?? [], { destination: t(email ? 'security-info.email.label' : 'security-info.phone.label') })
  const error = field === 'destination' && reasons[0] ? reasonText(locale, reasons[0]) : undefined
  const title = t(`security-info.${email ? 'email' : 'phone'}.${changing ? 'change' : 'title'}`)
  return (
    <Layout context={context} title={title} lead={t(`security-info.what.${kind}`)}>
      <ReasonNotice context={context} reasons={reasons} field={field} />
      <Form context={context} action={action}>
        {email
          ? <Field
              context={context} name="destination" label={t('security-info.email.label')} type="email" inputmode="email" autocomplete="email"
              value={value} maxlength={254} hint={t('security-info.email.hint')} error={error} autofocus={reasons.length === 0}
            />
          : <Field
              context={context} name="destination" label={t('security-info.phone.label')} type="tel" inputmode="tel" autocomplete="tel"
              value={value} maxlength={40} error={error} autofocus={reasons.length === 0}
              hint={prefilled ? t('security-info.phone.directory') : t('security-info.phone.hint', { example })}
            />}
        <Actions>
          <Button>{t('security-info.code.send')}</Button>
          <LinkButton href={base}>{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

interface CodePageProps extends StepProps {
  destination: string
  /** Where the code goes, where a new one is asked for, and where another address can be given. */
  action: string
  resendAction: string
  otherHref?: string
}

export function CodePage({ context, base, destination, action, resendAction, otherHref, reasons = [], field }: CodePageProps): VNode {
  const { t, locale } = context
  const error = field === 'code' && reasons[0] ? reasonText(locale, reasons[0]) : undefined
  return (
    <Layout context={context} title={t('security-info.code.title')} lead={t('security-info.code.sent', { destination })}>
      <ReasonNotice context={context} reasons={reasons} field={field} />
      <Form context={context} action={action}>
        <CodeField context={context} label={t('security-info.code.label')} error={error} autofocus={reasons.length === 0} />
        <Actions>
          <Button>{t('security-info.code.verify')}</Button>
          <LinkButton href={base}>{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
      <Form context={context} action={resendAction}>
        <Actions>
          <Button kind="link" waitSeconds={30}>{t('security-info.code.resend')}</Button>
          {otherHref && <LinkButton kind="link" href={otherHref}>{t('security-info.code.other')}</LinkButton>}
        </Actions>
      </Form>
    </Layout>
  )
}
