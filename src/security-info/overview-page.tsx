import type { ComponentChildren, VNode } from 'preact'
import { Form, Button, LinkButton, Actions } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { MethodList, TaskList } from '../page/method-list.tsx'
import type { ListedItem } from '../page/method-list.tsx'
import { Notice, ReasonNotice } from '../page/notice.tsx'
import type { PageContext } from '../page/context.ts'
import type { Reason } from '../rules/verdict.ts'
import { formatDateTime } from '../text.ts'
import type { MessageKey } from '../text.ts'
import { iconOf, nameKey } from './kinds.ts'
import type { ListedKind } from './kinds.ts'
import type { ListedMethod, Overview } from './list-methods.ts'

/** What was just done, as the address says it after the 303: nothing but two words that are looked up. */
export interface Done {
  what: 'added' | 'changed' | 'deleted' | 'verified' | 'default' | 'confirmed'
  kind?: ListedKind
}

interface OverviewPageProps {
  context: PageContext
  overview: Overview
  done?: Done
  reasons?: readonly Reason[]
}

/** `/security-info`: what is registered, and what can be done about it. */
export function OverviewPage({ context, overview, done, reasons = [] }: OverviewPageProps): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('security-info.title')} lead={t('security-info.intro')} wide>
      <ReasonNotice context={context} reasons={reasons} />
      {done && <Notice kind="success">{doneText(context, done)}</Notice>}
      <Readiness context={context} overview={overview} />
      <MethodList items={listedItems(context, overview, true)} label={t('security-info.list.heading')} empty={t('security-info.empty')} />
      <Actions><LinkButton href="/security-info/add" kind="primary">{t('security-info.action.add')}</LinkButton></Actions>
      <h2>{t('security-info.links.heading')}</h2>
      <TaskList tasks={tasks(context, overview)} />
    </Layout>
  )
}

function doneText({ t }: PageContext, { what, kind }: Done): string {
  return what === 'confirmed' || !kind ? t('security-info.done.confirmed') : t(`security-info.done.${what}` as MessageKey, { method: t(nameKey(kind)) })
}

/** Whether this person could reset the password now, and what is missing: the verdict of the rules, in a sentence. */
function Readiness({ context: { t }, overview }: { context: PageContext; overview: Overview }): VNode {
  const { readiness, administrator } = overview
  return (
    <>
      {administrator === 'off' && <Notice kind="warning">{t('security-info.admin.off')}</Notice>}
      {administrator === 'rules' && <Notice kind="info">{t('security-info.admin.rules')}</Notice>}
      {administrator !== 'off' && readiness.state === 'off' && <Notice kind="info">{t('security-info.reset.off')}</Notice>}
      {administrator !== 'off' && readiness.state === 'missing' && overview.methods.length > 0 && (
        <Notice kind="warning">{t('security-info.reset.missing', { count: readiness.missing })}</Notice>
      )}
      {administrator !== 'off' && readiness.state === 'capable' && <Notice kind="success">{t('security-info.reset.capable')}</Notice>}
    </>
  )
}

/** The methods as lines of a list; `manage` adds what can be done with each. */
export function listedItems(context: PageContext, overview: Overview, manage: boolean): ListedItem[] {
  const { t } = context
  const methods = overview.methods.map(method => ({
    id: method.id,
    icon: iconOf(method.kind),
    title: t(nameKey(method.kind)),
    detail: <MethodDetail context={context} method={method} />,
    mark: method.isDefault ? t('security-info.default.tag') : undefined,
    actions: manage ? <MethodActions context={context} method={method} /> : undefined,
  }))
  const { pass } = overview
  if (!pass) return methods
  const detail = [t('security-info.tap.expires', { when: formatDateTime(context.locale, pass.expiresAt) })]
  if (pass.startsAt > overview.now) detail.unshift(t('security-info.tap.starts', { when: formatDateTime(context.locale, pass.startsAt) }))
  if (pass.isUsableOnce) detail.push(t('security-info.tap.once'))
  const item: ListedItem = { id: 'pass', icon: 'pass', title: t('security-info.method.temporaryAccessPass'), detail: detail.join(' · ') }
  return [...methods, item]
}

function MethodDetail({ context: { t, locale }, method }: { context: PageContext; method: ListedMethod }): VNode {
  const when = (at: number) => formatDateTime(locale, at)
  const facts: ComponentChildren[] = []
  if (method.source === 'directory') facts.push(t('security-info.state.directory'))
  else if (!method.verified) facts.push(t('security-info.state.unverified'))
  if (method.heldUntil !== null) facts.push(t('security-info.state.held', { when: when(method.heldUntil) }))
  if (method.use !== 'both') facts.push(t(`security-info.state.${method.use}`))
  if (method.lastUsedAt !== null) facts.push(t('security-info.state.used', { when: when(method.lastUsedAt) }))
  else if (method.createdDateTime !== null) facts.push(t('security-info.state.added', { when: when(method.createdDateTime) }))
  return <>{method.answers === null ? method.value : t('security-info.state.questions', { count: method.answers })}<span class="hint">{facts.join(' · ')}</span></>
}

function MethodActions({ context, method }: { context: PageContext; method: ListedMethod }): VNode {
  const { t } = context
  const named = { method: t(nameKey(method.kind)), value: method.value }
  const link = (action: 'change' | 'verify' | 'delete') => (
    <a href={`/security-info/methods/${method.id}/${action}`} aria-label={t(`security-info.action.${action}.named`, named)}>
      {t(`security-info.action.${action}`)}
    </a>
  )
  return (
    <>
      {method.may.verify && link('verify')}
      {method.may.change && link('change')}
      {method.may.delete && link('delete')}
      {method.may.makeDefault && (
        <Form context={context} action="/security-info/default" hidden={{ methodId: method.id }}>
          <Button kind="link" label={t('security-info.default.make.named', named)}>{t('security-info.default.make')}</Button>
        </Form>
      )}
    </>
  )
}

function tasks({ t }: PageContext, overview: Overview) {
  return [
    { href: '/changepassword', icon: 'password' as const, title: t('security-info.links.password') },
    ...(overview.appPasswords ? [{ href: '/app-passwords', icon: 'key' as const, title: t('security-info.links.app-passwords') }] : []),
    { href: '/sessions', icon: 'device' as const, title: t('security-info.links.sessions') },
  ]
}
