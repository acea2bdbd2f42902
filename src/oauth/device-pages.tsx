import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Field } from '../page/field.tsx'
import { Button, Form } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice } from '../page/notice.tsx'
import { Answers, Permissions } from './pages.tsx'
import type { PermissionText } from './pages.tsx'

export function DeviceCodePage({ context, action, typed, problem }: { context: PageContext; action: string; typed?: string; problem?: 'unknown' | 'tooMany' }): VNode {
  const { t } = context
  const error = problem === undefined ? undefined : t(problem === 'unknown' ? 'oauth.device.unknown' : 'oauth.device.tooMany')
  return (
    <Layout context={context} title={t('oauth.device.title')} lead={t('oauth.device.lead')}>
      <Form context={context} action={action}>
        <Field
          context={context} name="code" label={t('oauth.device.code')} hint={t('oauth.device.hint')} value={typed} error={error} autocomplete="off" maxlength={20}
          class="code" autofocus={problem === undefined} plain
        />
        <Button>{t('oauth.device.next')}</Button>
      </Form>
    </Layout>
  )
}

interface ConfirmProps {
  context: PageContext
  action: string
  code: string
  programName: string
  /** From where it was started. */
  address: string | null
  browser: string | null
  minutes: number
  permissions: readonly PermissionText[]
  /** Why the person cannot say yes. */
  obstacle: 'assigned' | 'approval' | undefined
  /** The mark of these permissions (shown-permissions.ts). */
  shown: string
}

/** Says whose code it is before anything is signed in: a code that was sent to somebody belongs to the sender. */
export function DeviceConfirmPage({ context, action, code, programName, address, browser, minutes, permissions, obstacle, shown }: ConfirmProps): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.device.confirm.title', { app: programName })}>
      <p>{t('oauth.device.confirm.from', { minutes, address: address ?? '?' })}</p>
      {browser && <p class="hint">{t('oauth.device.confirm.browser', { browser })}</p>}
      {permissions.length > 0 && <Permissions label={t('oauth.consent.may')} permissions={permissions} />}
      {obstacle
        ? <Notice kind="error" title={t('page.error')}><p>{t(obstacle === 'assigned' ? 'oauth.assigned.lead' : 'oauth.device.approval')}</p></Notice>
        : <Notice kind="warning" title={t('oauth.device.warning.title')}><p>{t('oauth.device.warning')}</p></Notice>}
      <Form context={context} action={action} hidden={{ code, shown }}>
        {obstacle
          ? <Button name="answer" value="refuse">{t('oauth.device.stop')}</Button>
          : <Answers agree={t('oauth.device.agree')} refuse={t('oauth.device.stop')} />}
      </Form>
    </Layout>
  )
}

export function DeviceAnsweredPage({ context, outcome, programName }: { context: PageContext; outcome: 'agreed' | 'refused' | 'gone'; programName: string }): VNode {
  const { t } = context
  return <Layout context={context} title={t(`oauth.device.${outcome}.title`, { app: programName })} lead={t(`oauth.device.${outcome}.lead`)} />
}
