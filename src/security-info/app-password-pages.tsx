import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Field } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { CopyValue, MethodList } from '../page/method-list.tsx'
import { Notice, ReasonNotice } from '../page/notice.tsx'
import type { Reason } from '../rules/verdict.ts'
import { formatDateTime, reasonText } from '../text.ts'

export interface ListedAppPassword {
  id: string
  displayName: string
  createdDateTime: number
  lastUsedAt: number | null
}

interface AppPasswordsProps {
  context: PageContext
  appPasswords: readonly ListedAppPassword[]
  limit: number
  name?: string
  deleted?: boolean
  reasons?: readonly Reason[]
  field?: string
}

export function AppPasswordsPage({ context, appPasswords, limit, name, deleted, reasons = [], field }: AppPasswordsProps): VNode {
  const { t, locale } = context
  const error = field === 'displayName' && reasons[0] ? reasonText(locale, reasons[0]) : undefined
  return (
    <Layout context={context} title={t('security-info.app-passwords.title')} lead={t('security-info.app-passwords.intro')} wide>
      <ReasonNotice context={context} reasons={reasons} field={field} />
      {deleted && <Notice kind="success">{t('security-info.app-passwords.deleted')}</Notice>}
      <MethodList
        label={t('security-info.app-passwords.list')} empty={t('security-info.app-passwords.empty')}
        items={appPasswords.map(one => ({
          id: one.id, icon: 'key', title: one.displayName, detail: detail(context, one),
          actions: (
            <a href={`/app-passwords/${one.id}/delete`} aria-label={t('security-info.app-passwords.delete.named', { name: one.displayName })}>
              {t('security-info.action.delete')}
            </a>
          ),
        }))}
      />
      {appPasswords.length > 0 && <p class="hint">{t('security-info.app-passwords.count', { count: appPasswords.length, limit })}</p>}
      {appPasswords.length >= limit
        ? <Notice kind="info">{t('security-info.app-passwords.full', { limit })}</Notice>
        : (
            <Form context={context} action="/app-passwords">
              <Field
                context={context} name="displayName" label={t('security-info.app-passwords.name')} hint={t('security-info.app-passwords.name.hint')}
                value={name} maxlength={64} autocomplete="off" error={error}
              />
              <Actions><Button>{t('security-info.app-passwords.create')}</Button></Actions>
            </Form>
          )}
      <p class="hint">{t('security-info.app-passwords.trouble')}</p>
      <Actions><LinkButton href="/security-info">{t('security-info.password.back')}</LinkButton></Actions>
    </Layout>
  )
}

function detail({ t, locale }: PageContext, one: ListedAppPassword): string {
  const used = one.lastUsedAt === null
    ? t('security-info.app-passwords.unused')
    : t('security-info.app-passwords.used', { when: formatDateTime(locale, one.lastUsedAt) })
  return `${t('security-info.app-passwords.created', { when: formatDateTime(locale, one.createdDateTime) })} · ${used}`
}

/** The only time it is seen: not after a redirect, for it is kept nowhere that a second page could read. */
export function AppPasswordMadePage({ context, name, groups }: { context: PageContext; name: string; groups: string }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('security-info.app-passwords.made.title')} lead={t('security-info.app-passwords.made.text', { name })}>
      <CopyValue value={groups} label={t('security-info.app-passwords.copy')} copied={t('security-info.app-passwords.copied')} />
      <Actions><LinkButton kind="primary" href="/app-passwords">{t('security-info.app-passwords.made.done')}</LinkButton></Actions>
    </Layout>
  )
}

export function AppPasswordDeletePage({ context, id, name }: { context: PageContext; id: string; name: string }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('security-info.app-passwords.delete.title', { name })} lead={t('security-info.app-passwords.delete.text')}>
      <Form context={context} action={`/app-passwords/${id}/delete`}>
        <Actions>
          <Button kind="danger">{t('security-info.delete.confirm')}</Button>
          <LinkButton href="/app-passwords">{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

/** When app passwords are not for this person: the verdict in words, nothing listed. */
export function AppPasswordsOffPage({ context, reasons }: { context: PageContext; reasons: readonly Reason[] }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('security-info.app-passwords.title')}>
      <ReasonNotice context={context} reasons={reasons} />
      <Actions><LinkButton href="/security-info">{t('security-info.password.back')}</LinkButton></Actions>
    </Layout>
  )
}
