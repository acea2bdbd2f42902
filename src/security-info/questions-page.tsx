import type { VNode } from 'preact'
import { Select } from '../page/choice.tsx'
import { Field } from '../page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../page/form.tsx'
import { Layout } from '../page/layout.tsx'
import { ReasonNotice } from '../page/notice.tsx'
import type { StepProps } from './add-pages.tsx'

interface QuestionsPageProps extends StepProps {
  action: string
  count: number
  /** Text in the reader's language, or as the organisation typed it. */
  questions: readonly { id: string; text: string }[]
  /** What was chosen; answers are never given back. */
  chosen?: readonly (string | undefined)[]
}

export function QuestionsPage({ context, base, action, count, questions, chosen = [], reasons = [], field }: QuestionsPageProps): VNode {
  const { t } = context
  const options = questions.map(question => ({ value: question.id, label: question.text }))
  return (
    <Layout context={context} title={t('security-info.questions.title')} lead={t('security-info.questions.intro', { count })}>
      <ReasonNotice context={context} reasons={reasons} field={field} />
      <Form context={context} action={action}>
        {Array.from({ length: count }, (_, index) => index + 1).map(number => (
          <fieldset class="choice" key={number}>
            <legend class="unseen">{t('security-info.questions.question', { number })}</legend>
            <Select
              context={context} name={`question${number}`} label={t('security-info.questions.question', { number })} options={options}
              value={chosen[number - 1]}
            />
            <Field
              context={context} name={`answer${number}`} label={t('security-info.questions.answer', { number })} autocomplete="off" maxlength={80}
            />
          </fieldset>
        ))}
        <Actions>
          <Button>{t('security-info.questions.save')}</Button>
          <LinkButton href={base}>{t('security-info.action.cancel')}</LinkButton>
        </Actions>
      </Form>
    </Layout>
  )
}
