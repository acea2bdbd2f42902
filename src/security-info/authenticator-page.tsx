import { create } from 'qrcode/lib/core/qrcode.js'
import type { VNode } from 'preact'
import { CodeField, Field } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { Facts } from '../page/method-list.tsx'
import { ReasonNotice } from '../page/notice.tsx'
import { reasonText } from '../text.ts'
import type { StepProps } from './add-pages.tsx'

interface AuthenticatorPageProps extends StepProps {
  action: string
  /** The seed in its address form, for the picture and for an app on the same device. */
  uri: string
  /** In groups of four, for typing. */
  setupKey: string
  account: string
  /** Carries the sealed seed from this page to the post. */
  registration: string
  displayName?: string
}

/** One page for the whole of it: the picture, the same as text, and the code that proves it arrived. */
export function AuthenticatorPage(props: AuthenticatorPageProps): VNode {
  const { context, base, action, uri, registration, displayName, reasons = [], field } = props
  const { t, locale } = context
  const error = field === 'code' && reasons[0] ? reasonText(locale, reasons[0]) : undefined
  return (
    <Layout context={context} title={t('security-info.app.title')}>
      <ReasonNotice context={context} reasons={reasons} field={field} />
      <ol class="numbered">
        <li>{t('security-info.app.step.open')}</li>
        <li>
          <p>{t('security-info.app.step.scan')}</p>
          <QrPicture text={uri} label={t('security-info.app.picture')} />
          <details>
            <summary>{t('security-info.app.cannot-scan')}</summary>
            <Facts rows={[[t('security-info.app.key.account'), props.account], [t('security-info.app.key.label'), <code>{props.setupKey}</code>]]} />
            <p class="hint">{t('security-info.app.key.hint')}</p>
            <p><a href={uri}>{t('security-info.app.open')}</a></p>
          </details>
        </li>
        <li>{t('security-info.app.step.code')}</li>
      </ol>
      <Form context={context} action={action} hidden={{ registration }}>
        <CodeField context={context} label={t('security-info.code.label')} error={error} maxlength={10} />
        <Field context={context} name="displayName" label={t('security-info.app.name.label')} value={displayName} maxlength={64} required={false} autocomplete="off" />
        <Actions>
          <Button>{t('security-info.code.verify')}</Button>
          <LinkButton href={base}>{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}

/** A QR code as one path of horizontal strokes, on white with the quiet zone of four that scanners need. */
export function QrPicture({ text, label }: { text: string; label: string }): VNode {
  const { size, data } = create(text, { errorCorrectionLevel: 'M' }).modules
  const edge = size + 8
  return (
    <svg class="qr" viewBox={`0 0 ${edge} ${edge}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <path fill="#fff" d={`M0 0h${edge}v${edge}H0z`} />
      <path stroke="#000" d={strokes(size, data)} />
    </svg>
  )
}

function strokes(size: number, modules: ArrayLike<number>): string {
  let path = ''
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const start = column
      while (column < size && modules[row * size + column]) column++
      if (column > start) path += `M${start + 4} ${row + 4.5}h${column - start}`
    }
  }
  return path
}
