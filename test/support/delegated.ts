/** People at programs: an access token for Graph in somebody's name, from the real endpoint, with exactly these scopes. */
import { addGrant } from '../../src/store/grants.ts'
import { findServicePrincipalByAppId } from '../../src/store/service-principals.ts'
import { graphAppId } from '../../src/rules/first-party.ts'
import type { TestApp } from './make-app.ts'
import { changePolicy } from './people.ts'
import type { Person } from './people.ts'
import { addProgram } from './programs.ts'
import { withToken } from './program-client.ts'
import type { ProgramClient } from './program-client.ts'

export async function inNameOf(t: TestApp, person: Person, scopes: readonly string[]): Promise<ProgramClient> {
  await changePolicy(t.app, person.tenantId, 'tenantSettings', { passwordGrant: true })
  const program = await addProgram(t.app, person.tenantId, { name: 'In the name of' })
  const graph = (await findServicePrincipalByAppId(t.app.db, person.tenantId, graphAppId))!
  await t.app.db.transaction().execute(trx =>
    addGrant(trx, { tenantId: person.tenantId, clientId: program.servicePrincipalId, resourceId: graph.id, principalId: person.id, scopes: [...scopes], at: t.clock.now() }))
  const form = new URLSearchParams({
    grant_type: 'password', client_id: program.appId, client_secret: program.secret, username: person.userPrincipalName, password: person.password,
    scope: scopes.map(one => `https://graph.microsoft.com/${one}`).join(' '),
  })
  const reply = await t.server.inject({
    method: 'POST', url: `/${person.tenantId}/oauth2/v2.0/token`, authority: 'reset.contoso.example', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: form.toString(),
  })
  if (reply.statusCode !== 200) throw new Error(reply.payload)
  return withToken(t, reply.json().access_token)
}
