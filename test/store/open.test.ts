import assert from 'node:assert/strict'
import { bothEngines } from '../support/store.ts'

bothEngines('a tenant that was written is read back as it was', async store => {
  const tenant = { id: 't1', displayName: 'Æble & Co', createdAt: 1_795_000_000_000, defaultLocale: 'da', sessionEpoch: 3, suspendedAt: null }
  await store.db.insertInto('tenants').values(tenant).execute()
  const read = await store.db.selectFrom('tenants').select(['id', 'displayName', 'createdAt', 'defaultLocale', 'sessionEpoch', 'suspendedAt']).execute()
  assert.deepEqual(read.map(row => ({ ...row })), [tenant])
})
