import type { VNode } from 'preact'
import type { PageContext } from '../page/context.ts'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Notice, ReasonNotice } from '../page/notice.tsx'
import type { Reason } from '../rules/verdict.ts'
import { nameKey } from './kinds.ts'
import type { ListedMethod } from './list-methods.ts'

interface RemovePageProps {
  context: PageContext
  method: ListedMethod
  /** Without it the person could no longer reset the password alone. */
  tooFewAfter: boolean
  reasons?: readonly Reason[]
}

/** "Really?", with what it means. */
export function RemovePage({ context, method, tooFewAfter, reasons = [] }: RemovePageProps): VNode {
  const { t } = context
  return (
    <Layout context={context} title={t('security-info.delete.title')}>
      <ReasonNotice context={context} reasons={reasons} />
      <p>{t('security-info.delete.text', { method: t(nameKey(method.kind)), value: method.value })}</p>
      {tooFewAfter && <Notice kind="warning">{t('security-info.delete.below')}</Notice>}
      <Form context={context} action={`/security-info/methods/${method.id}/delete`}>
        <Actions>
          <Button kind="danger">{t('security-info.delete.confirm')}</Button>
          <LinkButton href="/security-info">{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}
