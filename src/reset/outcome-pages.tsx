import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Actions, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice, ReasonNotice, SupportCode } from '../page/notice.tsx'
import type { Reason } from '../rules/verdict.ts'
import { formatDateTime } from '../text.ts'
import { ContactAdministrator, Foot } from './pages.tsx'
import type { Journey } from './view.ts'

interface OutcomeProps {
  context: PageContext
  journey: Journey
}

/** "We are checking": renews itself until the domain has answered, and says so when it does not (LD-45, R-06). */
export function CheckingPage({ context, journey, unknown }: OutcomeProps & { unknown: boolean }): VNode {
  const { t } = context
  if (unknown) {
    return (
      <Layout context={context} title={t('reset.checking.unknownTitle')} lead={t('reset.checking.unknown')}>
        <Actions>
          <LinkButton kind="primary" href="/signin">{t('reset.done.signIn')}</LinkButton>
          <LinkButton href="/reset/step">{t('reset.checking.look')}</LinkButton>
        </Actions>
        <Foot context={context} journey={journey} />
      </Layout>
    )
  }
  return (
    <Layout context={context} title={t('reset.checking.title')} lead={t('reset.checking.lead')} refreshSeconds={3}>
      <div class="spinner" role="status" aria-label={t('reset.checking.title')} />
      <p><a href="/reset/step">{t('reset.checking.look')}</a></p>
      <SupportCode context={context} code={journey.supportCode} />
    </Layout>
  )
}

/** The end everybody wants. No name, no account: the next person at this computer learns nothing (T-35). */
export function DonePage({ context, journey, outcome, appPasswordsEnded }: OutcomeProps & {
  outcome: 'done' | 'pendingCloud' | 'unlocked'; appPasswordsEnded?: boolean
}): VNode {
  const { t } = context
  const title = { done: t('reset.done.title'), pendingCloud: t('reset.done.pendingTitle'), unlocked: t('reset.done.unlockedTitle') }[outcome]
  const lead = { done: t('reset.done.lead'), pendingCloud: t('reset.done.pendingLead'), unlocked: t('reset.done.unlockedLead') }[outcome]
  return (
    <Layout context={context} title={title} lead={lead}>
      {outcome !== 'unlocked' && <p>{t('reset.done.ended')}{appPasswordsEnded && ` ${t('reset.done.appPasswords')}`}</p>}
      <Notice kind="info">{t('reset.done.close')}</Notice>
      <Actions><LinkButton kind="primary" href="/signin">{t('reset.done.signIn')}</LinkButton></Actions>
      <SupportCode context={context} code={journey.supportCode} />
    </Layout>
  )
}

/** Why not, in words, and who can change it (sspr §5.8). */
export function RefusedPage({ context, journey, reasons }: OutcomeProps & { reasons: readonly Reason[] }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.refused.title')} lead={t('reset.refused.lead')}>
      <ReasonNotice context={context} reasons={reasons} title={t('reset.refused.why')} />
      <p>{t('reset.refused.tell')}</p>
      <SupportCode context={context} code={journey.supportCode} />
      <Actions><ContactAdministrator context={context} journey={journey} primary /><LinkButton href="/reset">{t('reset.again.button')}</LinkButton></Actions>
    </Layout>
  )
}

export function BlockedPage({ context, journey, until }: OutcomeProps & { until: number }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.blocked.title')} lead={t('reset.blocked.lead', { until: formatDateTime(context.locale, until) })}>
      <p>{t('reset.blocked.help')}</p>
      <Actions><ContactAdministrator context={context} journey={journey} primary /><LinkButton href="/signin">{t('reset.start.signIn')}</LinkButton></Actions>
      <SupportCode context={context} code={journey.supportCode} />
    </Layout>
  )
}

export function ExpiredPage({ context, journey, cancelled }: OutcomeProps & { cancelled: boolean }): VNode {
  const { t } = context
  const how = cancelled ? 'cancelled' : 'expired'
  return (
    <Layout context={context} title={t(`reset.${how}.title`)} lead={t(`reset.${how}.lead`)}>
      <Actions>
        <LinkButton kind="primary" href="/reset">{t('reset.again.button')}</LinkButton>
        <LinkButton href="/signin">{t('reset.start.signIn')}</LinkButton>
      </Actions>
      <SupportCode context={context} code={journey.supportCode} />
    </Layout>
  )
}

/** A step that does not fit: an old page, another window, a tampered form (T-07). */
export function AgainPage({ context, running }: { context: PageContext; running: boolean }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.again.title')} lead={t('reset.again.lead')}>
      <Actions>
        {running && <LinkButton kind="primary" href="/reset/step">{t('reset.again.continue')}</LinkButton>}
        <LinkButton kind={running ? 'secondary' : 'primary'} href="/reset">{t('reset.again.button')}</LinkButton>
      </Actions>
    </Layout>
  )
}

/** For whoever knows the password: spends no gate, says what ends a lock (sspr §5.3). */
export function KnowPasswordPage({ context }: { context: PageContext }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.know.title')} lead={t('reset.know.lead')}>
      <p>{t('reset.know.wait')}</p>
      <p>{t('reset.know.capital')}</p>
      <p>{t('reset.know.reset')}</p>
      <Actions>
        <LinkButton kind="primary" href="/signin">{t('reset.start.signIn')}</LinkButton>
        <LinkButton href="/reset">{t('reset.know.choose')}</LinkButton>
      </Actions>
    </Layout>
  )
}

/** The same whoever asked, and whether or not anything was sent (T-21). */
export function AskedPage({ context, journey, back }: OutcomeProps & { back: boolean }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('reset.contact.title')} lead={t('reset.contact.lead')}>
      <p>{t('reset.contact.once')}</p>
      <Actions>{back && <LinkButton href="/reset/step">{t('page.back')}</LinkButton>}<LinkButton href="/signin">{t('reset.start.signIn')}</LinkButton></Actions>
      <SupportCode context={context} code={journey.supportCode} />
    </Layout>
  )
}
