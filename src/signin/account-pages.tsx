import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Facts, MethodList, TaskList } from '../page/method-list.tsx'
import { Notice } from '../page/notice.tsx'
import { formatDateTime } from '../text.ts'
import { describeBrowser } from './describe-browser.ts'

export interface Account {
  displayName: string
  userPrincipalName: string
  /** Enough is registered for this person to reset the password alone; null where resetting is not offered to them. */
  canReset: boolean | null
  methodCount: number
  passwordChangedAt: number | null
  /** Set while the tenant's notice about the password's end is due. */
  passwordExpiresAt: number | null
  sessionCount: number
  appPasswords: boolean
}

/** Who I am here, and everything I can do about my account. */
export function AccountPage({ context, account }: { context: PageContext; account: Account }): VNode {
  const { t, locale } = context
  const { passwordChangedAt: changed, passwordExpiresAt: expires } = account
  return (
    <Layout context={context} title={t('signin.account.title')} wide>
      {account.canReset === false && (
        <Notice kind="warning" title={t('signin.account.not-ready')}>
          <p>{t('signin.account.not-ready.detail')} <a href="/security-info">{t('signin.account.not-ready.link')}</a></p>
        </Notice>
      )}
      {expires !== null && <Notice kind="info"><p>{t('signin.account.password.expires', { when: formatDateTime(locale, expires) })}</p></Notice>}
      <Facts rows={[
        [t('signin.account.name'), account.displayName],
        [t('field.username'), account.userPrincipalName],
        [t('signin.account.organisation'), context.branding.displayName],
      ]} />
      <TaskList
        tasks={[
          {
            href: '/security-info', icon: 'shield', title: t('signin.account.security'),
            detail: t(account.canReset ? 'signin.account.security.ready' : 'signin.account.security.methods', { count: account.methodCount }),
          },
          {
            href: '/changepassword', icon: 'password', title: t('signin.account.password'),
            detail: changed === null ? undefined : t('signin.account.password.changed', { when: formatDateTime(locale, changed) }),
          },
          { href: '/sessions', icon: 'device', title: t('signin.sessions.title'), detail: t('signin.account.sessions', { count: account.sessionCount }) },
          ...(account.appPasswords
            ? [{ href: '/app-passwords', icon: 'app' as const, title: t('signin.account.app-passwords'), detail: t('signin.account.app-passwords.detail') }]
            : []),
        ]}
      />
    </Layout>
  )
}

export interface ListedSession {
  publicId: string
  userAgent: string | null
  ipAddress: string | null
  createdAt: number
  lastSeenAt: number
}

/** Every browser that is signed in, with the means to end it. */
export function SessionsPage({ context, sessions, current, ended }: {
  context: PageContext; sessions: readonly ListedSession[]; current: string; ended: boolean
}): VNode {
  const { t, locale } = context
  return (
    <Layout context={context} title={t('signin.sessions.title')} lead={t('signin.sessions.lead')} wide>
      {ended && <Notice kind="success">{t('signin.sessions.ended')}</Notice>}
      <MethodList
        label={t('signin.sessions.title')}
        items={sessions.map(session => {
          const name = describeBrowser(session.userAgent) ?? t('signin.sessions.unknown')
          const here = session.publicId === current
          return {
            id: session.publicId, icon: 'device', title: name, mark: here ? t('signin.sessions.here') : undefined,
            detail: (
              <>
                {session.ipAddress && <>{session.ipAddress}<br /></>}
                {t('signin.sessions.detail', { since: formatDateTime(locale, session.createdAt), seen: formatDateTime(locale, session.lastSeenAt) })}
              </>
            ),
            actions: !here && (
              <Form context={context} action="/sessions/end" hidden={{ session: session.publicId }}>
                <Button kind="link" label={t('signin.sessions.end.named', { name })}>{t('signin.sessions.end')}</Button>
              </Form>
            ),
          }
        })}
      />
      <Form context={context} action="/sessions/end-all">
        <p class="hint">{t('signin.sessions.all.hint')}</p>
        <Actions>
          <Button kind="danger">{t('signin.sessions.all')}</Button>
          <LinkButton kind="link" href="/account">{t('signin.account.title')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}
