import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'

interface Asset {
  type: string
  plain: Buffer
}

const served = new Map<string, Asset>()

/** Reads a file of this folder once and names it by its content. */
function asset(name: string, type: string): string {
  const plain = readFileSync(new URL(name, import.meta.url))
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 10)
  const file = name.replace('.', `.${hash}.`)
  served.set(file, { type, plain })
  return `/assets/${file}`
}

const brotli = promisify(brotliCompress)
const deflate = promisify(gzip)

/**
 * Packed when a browser first asks, as small as it gets, and kept. Brotli's window is as large as the files are, not the usual
 * four megabytes: packing all of them at the start took 40 ms and memory that was never given back.
 */
const packed = new Map<string, Promise<Buffer>>()

function pack(file: string, plain: Buffer, encoding: 'br' | 'gzip'): Promise<Buffer> {
  const key = `${encoding} ${file}`
  const known = packed.get(key)
  if (known) return known
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_LGWIN]: 14, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
  const made = encoding === 'br' ? brotli(plain, { params }) : deflate(plain, { level: 9 })
  packed.set(key, made)
  return made
}

/** Addresses of the files every page uses; they change whenever the content does, so browsers may keep them for ever. */
export const assets = {
  css: asset('latchkey.css', 'text/css; charset=utf-8'),
  script: asset('enhance.js', 'text/javascript; charset=utf-8'),
  icon: asset('icon.svg', 'image/svg+xml'),
  /** Only on pages that ask for work in place of a puzzle (T-26). */
  work: asset('work.js', 'text/javascript; charset=utf-8'),
} as const

/** The address of a tenant's colour as a style sheet, or undefined when the colour is not six hexadecimal digits. */
export function accentStyle(color: string | undefined): string | undefined {
  const digits = /^#([0-9a-f]{6})$/i.exec(color ?? '')?.[1]
  return digits && `/assets/accent-${digits.toLowerCase()}.css`
}

/** `GET /assets/…`: style sheet, script and icon, content-hashed and packed; the one kind of answer that is cached. */
export function assetRoutes(server: Server): void {
  server.get('/assets/:file', {
    config: { access: 'public', surface: 'plain' },
    schema: { params: Type.Object({ file: Type.String() }) },
  }, async (request, reply) => {
    const { file } = request.params
    reply.header('cache-control', 'public, max-age=31536000, immutable')
    const accent = /^accent-([0-9a-f]{6})\.css$/.exec(file)
    if (accent) return reply.type('text/css; charset=utf-8').send(accentSheet(accent[1]!))
    const found = served.get(file)
    if (!found) {
      reply.header('cache-control', 'no-store')
      throw new Refusal(404, [reason('LK_NOT_FOUND')])
    }
    reply.type(found.type).header('vary', 'accept-encoding')
    const accepted = String(request.headers['accept-encoding'] ?? '')
    for (const encoding of ['br', 'gzip'] as const) {
      if (new RegExp(`\\b${encoding}\\b`).test(accepted)) return reply.header('content-encoding', encoding).send(await pack(file, found.plain, encoding))
    }
    return reply.send(found.plain)
  })
}

/** A tenant's colour, for buttons and links. Text on it is black or white, whichever contrasts more; links keep our own colour. */
function accentSheet(digits: string): string {
  const [red, green, blue] = [0, 2, 4].map(at => channel(Number.parseInt(digits.slice(at, at + 2), 16)))
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  const onAccent = luminance > 0.179 ? '#000' : '#fff'
  return `:root{--fill:#${digits};--fill-hover:#${digits};--on-fill:${onAccent}}`
}

const channel = (value: number) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4)
