import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { addPassword, removePassword } from '../../src/credentials/app-credentials.ts'
import type { CredentialOwner } from '../../src/credentials/app-credentials.ts'
import { addProgram } from '../support/programs.ts'
import { engines, openFaultStage } from './stage.ts'
import type { FaultStage, Node } from './stage.ts'

for (const engine of engines) describe(`M-02: a credential that is removed by one process (${engine})`, () => {
  let stage: FaultStage
  let nodes: Node[]
  before(async () => {
    stage = await openFaultStage({ engine })
    nodes = await Promise.all(engine === 'postgres' ? [stage.serve(), stage.serve()] : [stage.serve()])
  })
  after(() => stage.close())

  /** The status of a token request at one server, as through a balancer. */
  const ask = (node: Node, form: Record<string, string>): Promise<number> => new Promise((resolve, reject) => {
    const host = new URL(stage.app.config.publicOrigin).host
    const headers = { host, 'content-type': 'application/x-www-form-urlencoded' }
    const request = httpRequest({ port: node.port, host: '127.0.0.1', method: 'POST', path: `/${stage.tenantId}/oauth2/v2.0/token`, headers }, reply => {
      reply.resume().on('end', () => resolve(reply.statusCode!))
    })
    request.on('error', reject).end(new URLSearchParams(form).toString())
  })

  test('brings no further token from any other, though each has used it before; one that was added does', async () => {
    const { app } = stage
    const program = await addProgram(app, stage.tenantId, { name: 'Shop', roles: ['User.Read.All'] })
    const owner: CredentialOwner = { tenantId: stage.tenantId, id: program.applicationId, type: 'application', appId: program.appId, displayName: 'Shop', createdDateTime: app.now() }
    const by = { actor: { kind: 'system' }, correlationId: 'c' } as const
    const with_ = (secret: string) => Promise.all(nodes.map(node => ask(node, { grant_type: 'client_credentials', client_id: program.appId, client_secret: secret, scope: 'https://graph.microsoft.com/.default' })))
    const all = (status: number) => nodes.map(() => status)
    for (let round = 0; round < 5; round++) {
      const { row, secretText } = await app.db.transaction().execute(trx => addPassword(app, trx, owner, {}, by))
      assert.deepEqual(await with_(secretText.reveal()), all(200), `round ${round}: added`)
      assert.deepEqual(await with_(secretText.reveal()), all(200), `round ${round}: remembered`)
      await app.db.transaction().execute(trx => removePassword(app, trx, owner, row.keyId, by))
      assert.deepEqual(await with_(secretText.reveal()), all(401), `round ${round}: removed`)
    }
    assert.deepEqual(await with_(program.secret), all(200))
  })
})
