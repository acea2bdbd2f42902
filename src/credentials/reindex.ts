import type { App } from '../app.ts'
import { destinationIndex } from '../notify/destination.ts'
import { contactPlace, contactsNotIndexedBy, reindexContact } from '../store/contacts.ts'
import { methodPlace, methodsNotIndexedBy, reindexMethod } from '../store/methods.ts'

/**
 * Puts every stored destination under the keyed hash of the key in use, after that key has changed. Until it is done one phone
 * under two keys looks like two, and could open both gates of a reset (T-07). Returns how many were made anew.
 */
export async function reindexDestinations(app: App): Promise<number> {
  const key = app.keys.activeId('mac')
  let count = 0
  for (let rows = await methodsNotIndexedBy(app.db, key); rows.length > 0; rows = await methodsNotIndexedBy(app.db, key)) {
    for (const row of rows) {
      const value = await app.keys.openText(methodPlace(row.tenantId, row.id), row.valueSealed)
      await reindexMethod(app.db, row, destinationIndex(app, row.tenantId, value))
    }
    count += rows.length
  }
  for (let rows = await contactsNotIndexedBy(app.db, key); rows.length > 0; rows = await contactsNotIndexedBy(app.db, key)) {
    for (const row of rows) {
      const value = await app.keys.openText(contactPlace(row.tenantId, row.id), row.valueSealed)
      await reindexContact(app.db, row, destinationIndex(app, row.tenantId, value))
    }
    count += rows.length
  }
  return count
}
