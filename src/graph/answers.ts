/** How Graph answers: context first, nulls kept, collections wrapped (graph §2.2). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { TSchema } from 'typebox'
import { clientRequestId } from '../graph-error.ts'

/** A property that may have no value. Fastify's serialiser writes null of any other type as "", 0 or false. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** One page of a collection. */
export const collectionOf = <T extends TSchema>(item: T) => Type.Object({
  '@odata.context': Type.String(),
  '@odata.count': Type.Optional(Type.Integer()),
  '@odata.nextLink': Type.Optional(Type.String()),
  value: Type.Array(item),
})

const Context = Type.Object({ '@odata.context': Type.String() })

/** One object with its context; built as an intersection-free object, because the serialiser drops what a schema does not name. */
export const entityOf = <T extends { properties: Record<string, TSchema> } & TSchema>(item: T) =>
  Type.Object({ ...Context.properties, ...(item.properties as T['properties']) })

/** Moments as Graph writes them; null stays null. */
export const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

const version = (request: FastifyRequest): string => (/^\/beta(\/|$)/i.test(request.url) ? 'beta' : 'v1.0')

/** `{origin}/v1.0/$metadata#users`, from the configured origin of the listener that was asked (LD-42). */
export function odataContext(request: FastifyRequest, fragment: string): string {
  return `${request.origin}/${version(request)}/$metadata#${fragment}`
}

/** An absolute link into Graph: `graphLink(request, '/users/…')`. */
export function graphLink(request: FastifyRequest, path: string): string {
  return `${request.origin}/${version(request)}${path}`
}

const odataJson = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8'

/** Headers that Graph clients look for on every answer (graph §2.2). */
export function graphHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('request-id', request.correlationId)
  reply.header('OData-Version', '4.0')
  reply.header('client-request-id', clientRequestId(request))
  if (String(reply.getHeader('content-type') ?? '').startsWith('application/json')) reply.header('content-type', odataJson)
}

/** Only the properties asked for, in the order they have. */
export function pick<T extends object>(object: T, names: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.includes(name))) as Partial<T>
}
