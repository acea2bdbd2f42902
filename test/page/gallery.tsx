/** Every part of the kit on a few pages, for tests to look at. */
import type { ServerResponse } from 'node:http'
import type { VNode } from 'preact'
import { readFileSync } from 'node:fs'
import { assets } from '../../src/page/assets.ts'
import { Choice, Checkbox, Select } from '../../src/page/choice.tsx'
import type { PageContext } from '../../src/page/context.ts'
import { CodeField, Field, NewPasswordFields, PasswordField } from '../../src/page/field.tsx'
import { Actions, Button, Form, LinkButton } from '../../src/page/form.tsx'
import { Layout } from '../../src/page/layout.tsx'
import { CopyValue, Facts, MethodList, TaskList } from '../../src/page/method-list.tsx'
import { ErrorSummary, Notice, ReasonNotice } from '../../src/page/notice.tsx'
import { Steps } from '../../src/page/steps.tsx'
import { translate } from '../../src/text.ts'
import type { Locale } from '../../src/text.ts'

export function testContext(locale: Locale = 'en', more: Partial<PageContext> = {}): PageContext {
  return {
    locale, t: (key, values) => translate(locale, key, values), formToken: 'token-of-this-form', path: '/gallery', query: '',
    branding: { displayName: 'Contoso' }, correlationId: '00000000-0000-4000-8000-000000000000', ...more,
  }
}

export const gallery: Record<string, (context: PageContext) => VNode> = {
  form: context => (
    <Layout context={context} title="Sign in" lead="Use the account of your organisation.">
      <Form context={context} action="/form" hidden={{ step: 'one', none: undefined }}>
        <Field context={context} name="userName" label="User name" autocomplete="username" type="email" value="ann@contoso.com" />
        <PasswordField context={context} kind="current" hint="The one you use at work." />
        <Button>Sign in</Button>
      </Form>
      <p><a href="/reset">I forgot my password</a></p>
    </Layout>
  ),
  wrong: context => (
    <Layout context={context} title="New password" before={<Steps context={context} labels={['Who you are', 'Proof', 'New password']} current={3} />}>
      <ErrorSummary context={context} errors={[{ field: 'newPassword', text: 'This password is too easy to guess.' }, { field: 'other', text: 'Fill in “Other”.' }]} />
      <Form context={context} action="/wrong">
        <NewPasswordFields context={context} userName="ann@contoso.com" error="This password is too easy to guess." hint="At least 8 characters." />
        <Field context={context} name="other" label="Other" required={false} error="Fill in “Other”." />
        <Select context={context} name="country" label="Country" options={[{ value: 'lv', label: 'Latvia' }]} />
        <Checkbox name="more" label="Sign out everywhere else" hint="Other browsers must sign in again." />
        <Actions><Button>Save</Button><Button kind="secondary">Cancel</Button><Button kind="danger">Delete</Button><LinkButton href="/x" kind="link">Skip</LinkButton></Actions>
      </Form>
    </Layout>
  ),
  choice: context => (
    <Layout context={context} title="Choose a way" refreshSeconds={30}>
      <ReasonNotice context={context} reasons={[{ code: 'LK_CODE_WRONG' }]} supportCode="KX4-9P2-TT7" field="code" />
      <Form context={context} action="/choice">
        <Choice
          context={context} name="method" legend="Where shall the code go?" value="sms" options={[
            { value: 'sms', label: 'A text message', hint: '+371 •••••• 67', icon: 'phone' },
            { value: 'mail', label: 'A mail', hint: 'an•••@example.com', icon: 'mail' },
            { value: 'app', label: 'An authenticator app', icon: 'app', disabled: true },
          ]}
        />
        <CodeField context={context} hint="8 digits; blanks do not matter." />
        <Actions><Button>Continue</Button><Button kind="link" name="again" value="1" waitSeconds={30} waitText="New code in {seconds} s">Send a new code</Button></Actions>
      </Form>
    </Layout>
  ),
  lists: context => (
    <Layout context={{ ...context, signedInAs: 'Ann-Sofie Kristiansen-Bērziņa' }} title="Security info" lead="What proves that it is you." wide>
      <Notice kind="success" title="Saved">Your phone is registered.</Notice>
      <Notice kind="warning" title="One more is needed">Register another method.</Notice>
      <Notice kind="info">Nothing to do.</Notice>
      <MethodList
        label="Methods" items={[
          { id: '1', icon: 'phone', title: 'Phone', detail: '+371 •••••• 67', mark: 'Default', actions: <a href="/x">Change</a> },
          { id: '2', icon: 'mail', title: 'a-very-long-address-that-does-not-want-to-break@subdomain.of.a.long.example.com', detail: 'Mail', actions: <a href="/y">Delete</a> },
        ]}
      />
      <MethodList label="App passwords" items={[]} empty="None yet." />
      <h2>More</h2>
      <TaskList tasks={[{ href: '/a', icon: 'password', title: 'Change password', detail: 'Last changed in May' }, { href: '/b', icon: 'device', title: 'Sessions' }]} />
      <Facts rows={[['User name', 'ann@contoso.com'], ['Organisation', 'Contoso']]} />
      <CopyValue value="wtbm qqyh xkpw vznd" label="Copy" copied="Copied" />
    </Layout>
  ),
}

const files: Record<string, readonly [file: string, type: string]> = {
  [assets.css]: ['latchkey.css', 'text/css'], [assets.script]: ['enhance.js', 'text/javascript'], [assets.icon]: ['icon.svg', 'image/svg+xml'],
}

/** For tests of pages without a server: answers for style sheet, script and icon. */
export function serveAssets(path: string, response: ServerResponse): boolean {
  const found = files[path]
  if (!found) return false
  response.setHeader('content-type', found[1])
  response.end(readFileSync(new URL(`../../src/page/${found[0]}`, import.meta.url)))
  return true
}
