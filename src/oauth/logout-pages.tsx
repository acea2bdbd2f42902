import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'

/** Asks, for anybody can have sent the browser here. */
export function LogoutPage({ context, action, hidden, programName }: {
  context: PageContext; action: string; hidden: Record<string, string | undefined>; programName: string | undefined
}): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('signin.out.ask')} lead={programName === undefined ? undefined : t('oauth.out.lead', { app: programName })}>
      <Form context={context} action={action} hidden={hidden}>
        <Actions>
          <Button>{t('page.signOut')}</Button>
          <LinkButton href="/account">{t('page.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

export function LoggedOutPage({ context, address, programName }: { context: PageContext; address: string | undefined; programName: string | undefined }): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('signin.out.title')} lead={t('signin.out.lead')}>
      <Actions>
        {address === undefined
          ? <LinkButton kind="primary" href="/signin">{t('signin.out.again')}</LinkButton>
          : <LinkButton kind="primary" href={address}>{t('oauth.back.button', { app: programName ?? address })}</LinkButton>}
      </Actions>
    </Layout>
  )
}
