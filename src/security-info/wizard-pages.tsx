import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { MethodList, TaskList } from '../page/method-list.tsx'
import { Notice, ReasonNotice } from '../page/notice.tsx'
import { Steps } from '../page/steps.tsx'
import type { Reason } from '../rules/verdict.ts'
import type { MessageKey } from '../text.ts'
import { iconOf, nameKey, slugOf } from './kinds.ts'
import type { RegistrationOffer } from '../rules/registration.ts'
import type { Overview } from './list-methods.ts'
import { listedItems } from './overview-page.tsx'
import type { WizardState } from './wizard.ts'

interface WizardProps {
  context: PageContext
  overview: Overview
  wizard: WizardState
  questionCount: number
  reasons?: readonly Reason[]
}

const base = '/security-info/register'

/** The stop at sign-in: what is needed, the best method first, every other behind one link (sspr §4.2). */
export function WizardPage({ context, wizard, questionCount, reasons = [] }: WizardProps): VNode {
  const { t } = context
  const { needed, have, suggested } = wizard
  const current = Math.min(have + 1, needed)
  const labels = Array.from({ length: needed }, (_, index) => (index + 1 === current && suggested ? t(nameKey(suggested.kind)) : String(index + 1)))
  return (
    <Layout
      context={context} title={t('security-info.wizard.title')} lead={t('security-info.wizard.intro', { count: needed })}
      before={needed > 1 ? <Steps context={context} labels={labels} current={current} /> : undefined}
    >
      <ReasonNotice context={context} reasons={reasons} />
      {suggested
        ? (
            <>
              <MethodList
                label={t('security-info.wizard.choose')}
                items={[{
                  id: suggested.kind, icon: iconOf(suggested.kind), title: t(nameKey(suggested.kind)),
                  detail: t(`security-info.what.${suggested.kind}` as MessageKey, { count: questionCount }),
                }]}
              />
              <Actions><LinkButton kind="primary" href={`${base}/add/${slugOf(suggested.kind)}`}>{t('security-info.action.next')}</LinkButton></Actions>
              {wizard.others.length > 0 && <p><a href={`${base}/add`}>{t('security-info.wizard.different')}</a></p>}
            </>
          )
        : <NothingToRegister context={context} />}
      {wizard.skippable && suggested && <Skip context={context} />}
    </Layout>
  )
}

function NothingToRegister({ context }: { context: PageContext }): VNode {
  const { t } = context
  return (
    <>
      <Notice kind="info">{t('security-info.wizard.nothing')}</Notice>
      <Form context={context} action={`${base}/skip`}><Actions><Button>{t('security-info.wizard.go-on')}</Button></Actions></Form>
    </>
  )
}

function Skip({ context }: { context: PageContext }): VNode {
  const { t } = context
  return (
    <Form context={context} action={`${base}/skip`}>
      <Actions><Button kind="secondary">{t('security-info.wizard.skip')}</Button></Actions>
      <p class="hint">{t('security-info.wizard.skip.hint')}</p>
    </Form>
  )
}

/** "I want to set up a different method". */
export function DifferentMethodPage({ context, offers, questionCount }: { context: PageContext; offers: readonly RegistrationOffer[]; questionCount: number }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('security-info.wizard.choose')}>
      <TaskList
        tasks={offers.map(offer => ({
          href: `${base}/add/${slugOf(offer.kind)}`, icon: iconOf(offer.kind), title: t(nameKey(offer.kind)),
          detail: t(`security-info.what.${offer.kind}` as MessageKey, { count: questionCount }),
        }))}
      />
      <Actions><LinkButton href={base}>{t('security-info.action.back')}</LinkButton></Actions>
    </Layout>
  )
}

/** The end of the wizard, and the whole of a re-confirmation: all methods, and "Looks good". */
export function ReviewPage({ context, overview, wizard, reasons = [] }: WizardProps): VNode {
  const { t } = context
  const reconfirm = wizard.purpose === 'reconfirm'
  return (
    <Layout
      context={context} title={t(reconfirm ? 'security-info.reconfirm.title' : 'security-info.review.title')}
      lead={t(reconfirm ? 'security-info.reconfirm.intro' : 'security-info.review.intro')}
    >
      <ReasonNotice context={context} reasons={reasons} />
      <MethodList items={listedItems(context, overview, false)} label={t('security-info.list.heading')} empty={t('security-info.empty')} />
      <Form context={context} action={`${base}/review`}>
        <Actions>
          <Button>{t('security-info.review.done')}</Button>
          {reconfirm && wizard.suggested && <LinkButton href={`${base}/add`}>{t('security-info.review.more')}</LinkButton>}
        </Actions>
      </Form>
    </Layout>
  )
}
