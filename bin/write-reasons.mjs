// Writes docs/reasons.md from src/rules/reason.ts and the English sentences. Run after adding a reason: node bin/write-reasons.mjs
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { audienceOf, reasons, remedyOf, statusOf } from '../src/rules/reason.ts'

const at = path => new URL(`../${path}`, import.meta.url)
const words = name => JSON.parse(readFileSync(at(`locales/en/${name}.json`), 'utf8'))

/** The text of docs/reasons.md as it should be now. */
export function reasonsPage() {
  const sentences = words('reason')
  const advice = words('remedy')
  const rows = Object.keys(reasons).map(code => {
    const audience = audienceOf(code) === 'anyone' ? 'anyone' : 'administrators'
    return `| <a id="${code}"></a>\`${code}\` | ${sentences[`reason.${code}`]} | ${advice[`remedy.${remedyOf(code)}`]} | ${audience} | ${statusOf(code)} |`
  })
  return `# Reasons

Every reason that Latchkey gives for a no, a warning or a finding. The code is the same on the page, in the API, in the audit and in
the diagnosis. This page is written by \`node bin/write-reasons.mjs\` from \`src/rules/reason.ts\` and \`locales/en\`; do not edit it.

*Told to* says who may see the reason: \`anyone\` means the person it concerns, once they may be told anything. *Status* is the HTTP
status of a request that ends with it.

| Code | What people read | What an administrator does | Told to | Status |
|---|---|---|---|---|
${rows.join('\n')}
`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(fileURLToPath(at('docs/reasons.md')), reasonsPage())
