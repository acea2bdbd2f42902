/**
 * Requests that a request makes of this server, for its caller: the parts of a batch. They came in by no socket, so what the socket
 * would have told, the address the server was asked at, is carried along with them and not in a header that anybody could write.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

const outer = new AsyncLocalStorage<{ origin: string }>()

/** Requests made within the work belong to one that came in at this origin. */
export const asPartOf = <T>(whole: { origin: string }, work: () => Promise<T>): Promise<T> => outer.run({ origin: whole.origin }, work)

/** The origin at which the whole was asked; undefined for a request of its own. */
export const originOfWhole = (): string | undefined => outer.getStore()?.origin
