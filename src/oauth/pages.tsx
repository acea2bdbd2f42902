import type { ComponentChildren, VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Checkbox } from '../page/choice.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice } from '../page/notice.tsx'

/** What a program would be able to do, in words. */
export interface PermissionText {
  name: string
  detail?: string | undefined
}

/** Between one of our forms and the program: goes on by itself, and has a link for browsers that do not. */
export function BackPage({ context, address, programName }: { context: PageContext; address: string; programName: string }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.back.title', { app: programName })} lead={t('oauth.back.lead')}>
      <Actions><LinkButton kind="primary" href={address}>{t('oauth.back.button', { app: programName })}</LinkButton></Actions>
    </Layout>
  )
}

/** The answer as a form of the program's own (`response_mode=form_post`); script presses the button. */
export function FormPostPage({ context, action, values, programName }: {
  context: PageContext; action: string; values: Readonly<Record<string, string>>; programName: string
}): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.back.title', { app: programName })} lead={t('oauth.back.lead')}>
      <form method="post" action={action} data-send-at-once="">
        {Object.entries(values).map(([name, value]) => <input type="hidden" key={name} name={name} value={value} />)}
        <Button>{t('oauth.back.button', { app: programName })}</Button>
      </form>
    </Layout>
  )
}

/** A request that must not be answered to the program, for nobody knows whether the address is its own. */
export function RequestErrorPage({ context, description, appId }: { context: PageContext; description: string; appId: string | undefined }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.error.title')} lead={t('oauth.error.lead')}>
      <Notice kind="error" title={t('page.error')}>
        <p lang="en">{description}</p>
        {appId && <p>{t('oauth.error.app')} <code>{appId}</code></p>}
        <p>{t('page.supportCode')} <code>{context.correlationId}</code></p>
      </Notice>
    </Layout>
  )
}

/** Answered already, or too old. */
export function GonePage({ context }: { context: PageContext }): VNode {
  return <Layout context={context} title={context.t('oauth.gone.title')} lead={context.t('oauth.gone.lead')} />
}

interface ProgramPage {
  context: PageContext
  /** Where its forms post to. */
  action: string
  programName: string
}

export function AccountPage({ context, action, programName, name, otherHref }: ProgramPage & { name: string; otherHref: string }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.account.title')} lead={t('oauth.account.lead', { app: programName })}>
      <Form context={context} action={action} hidden={{ answer: 'thisAccount' }}>
        <Actions>
          <Button>{t('oauth.account.this', { name })}</Button>
          <LinkButton href={otherHref}>{t('oauth.account.other')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

interface ConsentProps extends ProgramPage {
  name: string
  /** Where the browser goes afterwards. */
  host: string
  permissions: readonly PermissionText[]
  /** The person may agree for everybody. */
  forEverybody: boolean
  /** The mark of these permissions (shown-permissions.ts). */
  shown: string
}

export function ConsentPage({ context, action, programName, name, host, permissions, forEverybody, shown }: ConsentProps): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.consent.title', { app: programName })} lead={t('oauth.consent.lead', { name })}>
      <Permissions label={t('oauth.consent.may')} permissions={permissions} />
      <p>{t('oauth.consent.where', { host })}</p>
      <Notice kind="info"><p>{t('oauth.consent.note')}</p></Notice>
      <Form context={context} action={action} hidden={{ shown }}>
        {forEverybody && (
          <Checkbox
            name="forEverybody" label={t('oauth.consent.everybody', { organisation: context.branding.displayName })} hint={t('oauth.consent.everybody.hint')}
          />
        )}
        <Answers agree={t('oauth.consent.agree')} refuse={t('oauth.consent.refuse')} />
      </Form>
    </Layout>
  )
}

/** Only an administrator can agree (90094). */
export function ApprovalPage({ context, action, programName, permissions, otherHref }: ProgramPage & { permissions: readonly PermissionText[]; otherHref: string }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.approval.title')} lead={t('oauth.approval.lead', { app: programName, organisation: context.branding.displayName })}>
      <Permissions label={t('oauth.approval.wants')} permissions={permissions} />
      <Form context={context} action={action}>
        <Actions>
          <Button name="answer" value="refuse">{t('oauth.approval.back', { app: programName })}</Button>
          <LinkButton href={otherHref}>{t('oauth.account.other')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

/** The program is for people it was assigned to (50105). */
export function NotAssignedPage({ context, action, programName, otherHref }: ProgramPage & { otherHref: string }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('oauth.assigned.title', { app: programName })} lead={t('oauth.assigned.lead')}>
      <Form context={context} action={action}>
        <Actions>
          <Button name="answer" value="refuse">{t('oauth.approval.back', { app: programName })}</Button>
          <LinkButton href={otherHref}>{t('oauth.account.other')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

/** What a program may do, each thing on its line. */
export function Permissions({ label, permissions }: { label: ComponentChildren; permissions: readonly PermissionText[] }): VNode {
  return (
    <section>
      <p class="name">{label}</p>
      <ul class="points">
        {permissions.map(one => <li key={one.name}>{one.name}{one.detail && <span class="hint">{one.detail}</span>}</li>)}
      </ul>
    </section>
  )
}

/** Yes and no, of the same size: the no is no link in small print. */
export function Answers({ agree, refuse }: { agree: ComponentChildren; refuse: ComponentChildren }): VNode {
  return (
    <Actions>
      <Button name="answer" value="agree">{agree}</Button>
      <Button kind="secondary" name="answer" value="refuse">{refuse}</Button>
    </Actions>
  )
}
