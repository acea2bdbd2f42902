/**
 * What the token service says no with (oauth §12, §13, LD-32). The codes are the ones clients know; the sentences are protocol text,
 * in English like the fields around them, for they end in programs' logs and not on a page.
 */

/** How a code is answered: status, OAuth class, and its sentence with `{places}` for the values. */
interface Row {
  status: number
  error: string
  suberror?: string
  text: string
}

const row = (status: number, error: string, text: string, suberror?: string): Row => ({ status, error, text, ...(suberror === undefined ? {} : { suberror }) })

/** MSAL keeps every 400 for a minute, so whatever an operator may be about to mend (secrets, certificates) is a 401 (oauth §12). */
export const tokenErrors = {
  // The client.
  7000215: row(401, 'invalid_client', "Invalid client secret provided. Send the secret's value, not its id, for the application '{app}'."),
  7000222: row(401, 'invalid_client', "The client secrets provided are expired for the application '{app}'. Add a new one: latchkey app credential reset --id {app}."),
  7000216: row(401, 'invalid_client', "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."),
  7000218: row(401, 'invalid_client', "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
  700025: row(401, 'invalid_client', "The client is public, so neither 'client_assertion' nor 'client_secret' should be presented."),
  700016: row(400, 'unauthorized_client', "The application with identifier '{app}' was not found in the directory '{tenant}'. Is it the right tenant, and has the application a service principal there?"),
  7000112: row(400, 'unauthorized_client', "The application '{app}' is disabled."),
  700027: row(401, 'invalid_client', 'The certificate with identifier used to sign the client assertion is not registered on the application, or the signature is wrong. [Reason - {reason}{thumbprint}]'),
  700024: row(401, 'invalid_client', 'The client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {until}.'),
  700021: row(401, 'invalid_client', "The client assertion's issuer and subject must both be the client id '{app}'."),
  700023: row(401, 'invalid_client', "The client assertion's audience is not this token endpoint. Expected: '{expected}'."),
  50027: row(401, 'invalid_client', 'The client assertion is not a valid token: {reason}.'),
  90002: row(400, 'invalid_request', "Tenant '{tenant}' not found. Check the tenant id or the domain name, and that it is this server you mean."),
  50059: row(400, 'invalid_request', 'No tenant-identifying information was found in the request: name the tenant in the path, by its id or by one of its domain names.'),
  90013: row(400, 'invalid_request', 'The request is malformed: {reason}.'),
  9002313: row(400, 'invalid_request', 'The request is malformed or invalid: {reason}.'),
  90014: row(400, 'invalid_request', "The required field '{name}' is missing."),
  900144: row(400, 'invalid_request', "The request body must contain the following parameter: '{name}'."),
  900561: row(405, 'invalid_request', 'The endpoint only accepts {accepted} requests. Received a {method} request.'),
  9001023: row(400, 'invalid_request', "The grant type is not supported over the '{segment}' endpoint: use the tenant's own."),
  50049: row(400, 'invalid_instance', 'Unknown or invalid instance.'),
  70003: row(400, 'unsupported_grant_type', "The app requested an unsupported grant type '{grant}'."),
  700002: row(400, 'unauthorized_client', "The grant type '{grant}' is not enabled for this {what}."),
  901002: row(400, 'invalid_request', "The 'resource' request parameter is not supported here: use 'scope'."),
  9002326: row(400, 'invalid_request', 'Client credentials must not come from a browser: the request has an Origin header.'),
  9002325: row(400, 'invalid_request', "Proof Key for Code Exchange is required: send 'code_challenge' with 'code_challenge_method=S256'."),
  9002327: row(400, 'invalid_request', "Tokens for a single-page app may only be redeemed by a cross-origin request of its own page."),
  9002346: row(400, 'invalid_request', 'Client credentials must be in the request body or in an Authorization header, never in the address.'),
  // Federated credentials.
  70021: row(400, 'invalid_request', 'No matching federated identity record was found for the assertion presented.'),
  700211: row(400, 'invalid_request', "No matching federated identity record was found for the assertion's issuer '{issuer}'."),
  700212: row(400, 'invalid_request', "No matching federated identity record was found for the assertion's audience '{audience}'."),
  700213: row(400, 'invalid_request', "No matching federated identity record was found for the assertion's subject '{subject}'."),
  // Scope and resource.
  70011: row(400, 'invalid_scope', "The provided value for the input parameter 'scope' is not valid: '{scope}'. {hint}"),
  1002012: row(400, 'invalid_scope', "The provided value for scope '{scope}' is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."),
  700022: row(400, 'invalid_scope', "The provided value for scope '{scope}' is not valid: it names more than one resource."),
  28002: row(400, 'invalid_scope', "The provided value for scope '{scope}' is not valid when redeeming a code."),
  28003: row(400, 'invalid_scope', 'The provided value for scope cannot be empty when requesting an access token with a code.'),
  500011: row(400, 'invalid_resource', "The resource principal named '{resource}' was not found in the tenant '{tenant}'."),
  50001: row(400, 'invalid_resource', "The resource '{resource}' is disabled or was not found in the tenant '{tenant}'."),
  650057: row(400, 'invalid_resource', "The resource '{resource}' is not listed in the requested permissions of the application '{app}'."),
  65001: row(400, 'invalid_grant', "The user or administrator has not consented to use the application '{app}'. Send an interactive authorization request.", 'consent_required'),
  65004: row(400, 'access_denied', 'The user declined to consent to access the application.'),
  90094: row(400, 'consent_required', 'An administrator of the organisation must consent before the application can be used.'),
  501051: row(400, 'invalid_grant', "The application '{app}' is not assigned to a role for the resource '{resource}', which demands it."),
  50105: row(400, 'invalid_grant', "The signed-in user is not assigned to a role for the application '{app}', which demands it."),
  // People.
  50034: row(400, 'invalid_grant', 'The user account does not exist in the directory.'),
  50126: row(400, 'invalid_grant', 'Invalid user name or password.'),
  50053: row(400, 'invalid_grant', 'The account is locked for a while, or the address is blocked, because of too many wrong sign-ins.'),
  50055: row(400, 'invalid_grant', 'The password is expired and must be changed.', 'user_password_expired'),
  50056: row(400, 'invalid_grant', 'The user has no password here.'),
  50057: row(400, 'invalid_grant', 'The user account is disabled.'),
  50058: row(400, 'login_required', 'A silent sign-in request was sent, but no user is signed in.'),
  50064: row(400, 'invalid_grant', 'The credentials could not be validated.'),
  50072: row(400, 'interaction_required', 'The user must register a second factor first.'),
  50074: row(400, 'interaction_required', 'A second factor is required.'),
  50076: row(400, 'invalid_grant', "A second factor is required to access '{resource}'.", 'basic_action'),
  50079: row(400, 'invalid_grant', "A second factor must be registered to access '{resource}'.", 'basic_action'),
  50125: row(400, 'interaction_required', 'The sign-in was interrupted: the password must be changed, or security information registered.'),
  50132: row(400, 'invalid_grant', 'The session is not valid any more: the password has expired or was changed.'),
  50133: row(400, 'invalid_grant', 'The session is not valid any more: the password was changed.'),
  50173: row(400, 'invalid_grant', 'The grant was revoked and a fresh one is needed. It was issued on {issued}, and the tokens of this user are valid from {validFrom}.', 'bad_token'),
  53003: row(400, 'invalid_grant', 'Access was blocked by a policy.', 'message_only'),
  700054: row(400, 'unsupported_response_type', "The response type '{type}' is not enabled for the application '{app}'."),
  90023: row(400, 'invalid_request', "The value of the parameter 'prompt' is not supported: '{prompt}'."),
  50011: row(400, 'invalid_request', "The redirect URI '{redirectUri}' does not match the redirect URIs configured for the application '{app}'."),
  // Grants.
  70000: row(400, 'invalid_grant', 'The code or refresh token is not valid.'),
  70008: row(400, 'invalid_grant', 'The code or refresh token has expired or was revoked. Send a new authorization request.'),
  700082: row(400, 'invalid_grant', 'The refresh token has expired because it was not used for too long.'),
  700084: row(400, 'invalid_grant', 'The refresh token was issued to a single-page app and has therefore a fixed lifetime, which is over.'),
  54005: row(400, 'invalid_grant', 'The authorization code was already redeemed.'),
  700005: row(400, 'invalid_grant', 'The authorization code is intended for another tenant.'),
  501481: row(400, 'invalid_grant', 'The code_verifier does not match the code_challenge of the authorization request.'),
  50147: row(400, 'invalid_request', 'The code_challenge has a length that is not allowed.'),
  501491: row(400, 'invalid_request', 'The code_challenge_method is not supported.'),
  70016: row(400, 'authorization_pending', 'The user has not finished signing in yet.'),
  70017: row(400, 'authorization_declined', 'The user declined.'),
  70018: row(400, 'bad_verification_code', 'The device code is not known.'),
  70020: row(400, 'expired_token', 'The device code has expired.'),
  // Ourselves.
  50196: row(429, 'temporarily_unavailable', 'Too many failed attempts from this address for this client. Try again later.'),
  90033: row(503, 'temporarily_unavailable', 'The service is unavailable for a moment. Try again.'),
  90020: row(500, 'server_error', 'The request could not be completed because of an error of the service.'),
} as const satisfies Record<number, Row>

export type AadstsCode = keyof typeof tokenErrors

export interface RefusalOptions {
  /** Seconds, for throttling only: clients keep any 4xx that carries it (oauth §12). */
  retryAfter?: number
  /** For the log, never for the caller. */
  detail?: string
  /** A challenge to be sent back in `claims`: JSON text. */
  claims?: string
  /** Where another class than the code's own is due, as v1 and v2 differ (50076). */
  error?: string
  suberror?: string
}

/** An expected no of the token service; `surfaces.ts` renders it as JSON. */
export class TokenRefusal extends Error {
  readonly code: AadstsCode
  readonly status: number
  readonly error: string
  readonly suberror: string | undefined
  /** `AADSTS700016: …`, without the trailers. */
  readonly description: string
  readonly options: RefusalOptions

  constructor(code: AadstsCode, values: Readonly<Record<string, string>> = {}, options: RefusalOptions = {}) {
    const { status, error, suberror, text }: Row = tokenErrors[code]
    const description = `AADSTS${code}: ${text.replace(/\{(\w+)\}/g, (_, name: string) => printable(values[name] ?? ''))}`
    super(description)
    this.name = 'TokenRefusal'
    this.code = code
    this.status = status
    this.error = options.error ?? error
    this.suberror = options.suberror ?? suberror
    this.description = description
    this.options = options
  }
}

/** What the code says, with an ellipsis for each value; undefined for a code that is never given here. */
export function meaningOf(code: string): { status: number; error: string; text: string } | undefined {
  if (!Object.hasOwn(tokenErrors, code)) return undefined
  const { status, error, text } = tokenErrors[Number(code) as AadstsCode]
  return { status, error, text: text.replace(/\{\w+\}/g, '…') }
}

/** What to throw: `throw aadsts(700016, { app, tenant })`. */
export const aadsts = (code: AadstsCode, values: Readonly<Record<string, string>> = {}, options: RefusalOptions = {}): TokenRefusal => new TokenRefusal(code, values, options)

/** What a stranger typed, fit for one line of a log: no controls, not endless. */
function printable(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?')
  return clean.length > 200 ? `${clean.slice(0, 200)}…` : clean
}

export interface TokenErrorBody {
  error: string
  error_description: string
  error_codes: number[]
  timestamp: string
  trace_id: string
  correlation_id: string
  error_uri?: string
  suberror?: string
  claims?: string
}

/** The ids an answer carries, and what it needs of the request. */
export interface ErrorPlace {
  now: number
  /** Ours, also in `x-ms-request-id`. */
  traceId: string
  /** The client's own, else ours. */
  correlationId: string
  origin: string
}

/** The body of oauth §12. */
export function errorBody(refusal: TokenRefusal, { now, traceId, correlationId, origin }: ErrorPlace): TokenErrorBody {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`
  return {
    error: refusal.error,
    error_description: `${refusal.description} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [refusal.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `${origin}/error?code=${refusal.code}`,
    ...(refusal.suberror === undefined ? {} : { suberror: refusal.suberror }),
    ...(refusal.options.claims === undefined ? {} : { claims: refusal.options.claims }),
  }
}
