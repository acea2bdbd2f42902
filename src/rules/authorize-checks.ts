// What is asked of a request to `/authorize` before anybody signs in: an ordered list of named checks over plain facts. The first
// that fails decides. Until the redirect address is known to be the program's own, a refusal stays on our page (oauth §10, T-34).
import { findRedirect, isPlainWebAddress, onlyRedirect } from './redirect-uris.ts'
import type { FoundRedirect, RegisteredRedirects } from './redirect-uris.ts'
import { readScopes } from './scopes.ts'

/** As the request spells them; a name given twice is not here but in `repeated`. */
export type AuthorizeParameters = Readonly<Record<string, string | undefined>>

export interface AuthorizeClient extends RegisteredRedirects {
  appId: string
  disabled: boolean
  implicitIdToken: boolean
}

export interface AuthorizeFacts {
  parameters: AuthorizeParameters
  /** A name that was given more than once. */
  repeated: string | undefined
  client: AuthorizeClient | undefined
}

export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** A request that may go on to signing in. */
export interface AcceptedRequest {
  redirect: FoundRedirect
  responseTypes: readonly ('code' | 'id_token')[]
  responseMode: ResponseMode
  scope: string
  state: string | null
  nonce: string | null
  challenge: string | null
  challengeMethod: 'S256' | 'plain' | null
  prompt: 'none' | 'login' | 'consent' | 'select_account' | null
  loginHint: string | null
  /** Seconds; null when any sign-in will do. */
  maxAge: number | null
}

export interface AuthorizeNo {
  /** An AADSTS code (oauth §13). */
  code: 90014 | 700016 | 7000112 | 50011 | 700054 | 90023 | 9002313 | 70011 | 50147 | 501491 | 9002325 | 900144
  values: Record<string, string>
  /** The OAuth class where it is not the code's own. */
  error?: string
}

export type AuthorizeVerdict =
  | { accepted: true; request: AcceptedRequest }
  /** Shown on our page. */
  | { accepted: false; no: AuthorizeNo; redirect?: undefined }
  /** Told to the program. */
  | { accepted: false; no: AuthorizeNo; redirect: FoundRedirect; responseMode: ResponseMode; state: string | null }

interface Asked extends AuthorizeFacts {
  responseTypes: readonly string[]
}

interface Check {
  name: string
  refuse(asked: Asked): AuthorizeNo | false
}

const malformed = (reason: string, error?: string): AuthorizeNo => ({ code: 9002313, values: { reason }, ...(error === undefined ? {} : { error }) })
const longest: Readonly<Record<string, number>> = { state: 8192, nonce: 1024, scope: 4096, redirect_uri: 2048, client_id: 100, login_hint: 320 }
const isCode = (text: string) => /^[A-Za-z0-9._~-]*$/.test(text)

/** Before the redirect address is trusted. */
const onOurPage: readonly Check[] = [
  { name: 'parameter given twice', refuse: ({ repeated }) => repeated !== undefined && malformed(`the parameter '${repeated}' is given more than once`) },
  {
    name: 'parameter too long',
    refuse: ({ parameters }) => {
      const name = Object.keys(longest).find(one => (parameters[one]?.length ?? 0) > longest[one]!)
      return name !== undefined && malformed(`the parameter '${name}' is longer than ${longest[name]} characters`)
    },
  },
  { name: 'client missing', refuse: ({ parameters }) => !parameters['client_id'] && { code: 900144, values: { name: 'client_id' } } },
  { name: 'client unknown', refuse: ({ parameters, client }) => client === undefined && { code: 700016, values: { app: parameters['client_id']! } } },
  { name: 'client disabled', refuse: ({ client }) => client!.disabled && { code: 7000112, values: { app: client!.appId } } },
  {
    name: 'redirect not registered',
    refuse: asked => redirectOf(asked) === undefined && { code: 50011, values: { redirectUri: asked.parameters['redirect_uri'] ?? '', app: asked.client!.appId } },
  },
  {
    // No form can be sent there, so the refusal could not travel so either.
    name: 'form to what is no web address',
    refuse: asked => asked.parameters['response_mode'] === 'form_post' && !isPlainWebAddress(redirectOf(asked)!.uri)
      && malformed("'response_mode' cannot be form_post for a 'redirect_uri' that is no http or https address: use query or fragment"),
  },
]

/** Told to the program at its own address. */
const toTheProgram: readonly Check[] = [
  {
    name: 'request object',
    refuse: ({ parameters }) => (parameters['request'] !== undefined && malformed("the parameter 'request' is not supported", 'request_not_supported'))
      || (parameters['request_uri'] !== undefined && malformed("the parameter 'request_uri' is not supported", 'request_uri_not_supported')),
  },
  { name: 'response type missing', refuse: ({ responseTypes }) => responseTypes.length === 0 && { code: 900144, values: { name: 'response_type' } } },
  {
    name: 'response type not enabled',
    refuse: ({ responseTypes, client }) => {
      const off = responseTypes.find(one => one !== 'code' && !(one === 'id_token' && client!.implicitIdToken))
      return off !== undefined && { code: 700054, values: { type: off, app: client!.appId } }
    },
  },
  {
    name: 'response mode',
    refuse: ({ parameters, responseTypes }) => {
      const mode = parameters['response_mode']
      if (mode !== undefined && !['query', 'fragment', 'form_post'].includes(mode)) return malformed("'response_mode' must be query, fragment or form_post")
      // What stands in a query is kept in histories and logs.
      return mode === 'query' && responseTypes.includes('id_token') && malformed("'response_mode' cannot be query when an id_token is asked for")
    },
  },
  {
    name: 'scope',
    refuse: ({ parameters, responseTypes }): AuthorizeNo | false => {
      const scope = parameters['scope'] ?? ''
      if (scope.trim() === '') return { code: 900144, values: { name: 'scope' } }
      const wish = readScopes(scope)
      if (!wish.wellFormed) return { code: 70011, values: { scope, hint: wish.why } }
      return responseTypes.includes('id_token') && !wish.signIn.includes('openid') && { code: 70011, values: { scope, hint: "An id_token needs the scope 'openid'." } }
    },
  },
  { name: 'nonce missing', refuse: ({ parameters, responseTypes }) => responseTypes.includes('id_token') && !parameters['nonce'] && { code: 90014, values: { name: 'nonce' } } },
  {
    name: 'challenge method',
    refuse: ({ parameters }) => {
      const method = parameters['code_challenge_method']
      return method !== undefined && method !== 'S256' && method !== 'plain' && { code: 501491, values: {} }
    },
  },
  {
    name: 'challenge',
    refuse: ({ parameters }) => {
      const challenge = parameters['code_challenge']
      if (challenge === undefined) return parameters['code_challenge_method'] !== undefined && { code: 50147, values: {} }
      return (challenge.length < 43 || challenge.length > 128 || !isCode(challenge)) && { code: 50147, values: {} }
    },
  },
  {
    // Whoever cannot keep a secret proves in this way alone that the code is its own (RFC 9700 §2.1.1).
    name: 'challenge demanded',
    refuse: asked => asked.responseTypes.includes('code') && asked.parameters['code_challenge'] === undefined && redirectOf(asked)!.kind !== 'confidential'
      && { code: 9002325, values: {} },
  },
  {
    name: 'prompt',
    refuse: ({ parameters }) => {
      const words = (parameters['prompt'] ?? '').split(' ').filter(one => one !== '')
      const unknown = words.find(one => !['none', 'login', 'consent', 'select_account', 'create'].includes(one))
      if (unknown !== undefined) return { code: 90023, values: { prompt: unknown } }
      return words.includes('none') && words.length > 1 && { code: 90023, values: { prompt: 'none with another value' } }
    },
  },
  {
    name: 'max_age',
    refuse: ({ parameters }) => parameters['max_age'] !== undefined && !/^\d{1,9}$/.test(parameters['max_age']) && malformed("'max_age' must be a number of seconds"),
  },
]

/** Accepts the request, or says why not and to whom. */
export function checkAuthorize(facts: AuthorizeFacts): AuthorizeVerdict {
  const { parameters } = facts
  const responseTypes = [...new Set((parameters['response_type'] ?? '').split(' ').filter(one => one !== ''))]
  const asked: Asked = { ...facts, responseTypes }
  for (const check of onOurPage) {
    const no = check.refuse(asked)
    if (no) return { accepted: false, no }
  }
  const redirect = redirectOf(asked)!
  const responseMode = responseModeOf(parameters['response_mode'], responseTypes)
  const state = parameters['state'] ?? null
  for (const check of toTheProgram) {
    const no = check.refuse(asked)
    if (no) return { accepted: false, no, redirect, responseMode, state }
  }
  const challenge = parameters['code_challenge'] ?? null
  const words = (parameters['prompt'] ?? '').split(' ')
  return {
    accepted: true,
    request: {
      redirect, responseMode, state, challenge, scope: parameters['scope']!.trim(), nonce: parameters['nonce'] ?? null,
      responseTypes: responseTypes as AcceptedRequest['responseTypes'],
      challengeMethod: challenge === null ? null : parameters['code_challenge_method'] === 'S256' ? 'S256' : 'plain',
      prompt: (['none', 'login', 'select_account', 'consent'] as const).find(one => words.includes(one)) ?? null,
      loginHint: parameters['login_hint']?.trim() || null,
      maxAge: parameters['max_age'] === undefined ? null : Number(parameters['max_age']),
    },
  }
}

/** The name of every check in its order, for the tests and the documents. */
export const authorizeChecks: readonly string[] = [...onOurPage, ...toTheProgram].map(check => check.name)

function redirectOf({ parameters, client }: Asked): FoundRedirect | undefined {
  const asked = parameters['redirect_uri']
  return asked === undefined ? onlyRedirect(client!) : findRedirect(asked, client!)
}

/** Errors travel in the mode asked for, where that is one; else in the safest that fits. */
function responseModeOf(asked: string | undefined, responseTypes: readonly string[]): ResponseMode {
  const needsHiding = responseTypes.includes('id_token')
  if (asked === 'form_post' || asked === 'fragment') return asked
  return needsHiding ? 'fragment' : 'query'
}
