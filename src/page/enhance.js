// Comfort for pages that work without it: shows passwords, tidies pasted codes, counts down, copies, stops double sends and
// renews the page that waits. Never writes markup (Trusted Types): elements are made, text is set.
const all = (selector, action) => document.querySelectorAll(selector).forEach(action)

function button(text, onClick, classes = '') {
  const made = document.createElement('button')
  made.type = 'button'
  made.className = classes
  made.textContent = text
  made.addEventListener('click', onClick)
  return made
}

all('.reveal', shell => {
  const input = shell.querySelector('input')
  const { show, hide, what } = shell.dataset
  const toggle = button(show, () => set(input.type === 'password'))
  const set = visible => {
    input.type = visible ? 'text' : 'password'
    toggle.textContent = visible ? hide : show
    toggle.setAttribute('aria-pressed', String(visible))
  }
  toggle.setAttribute('aria-label', what)
  toggle.setAttribute('aria-pressed', 'false')
  shell.append(toggle)
  input.form?.addEventListener('submit', () => set(false)) // so that no browser keeps it as ordinary text
})

const tidy = { code: text => text.replace(/[^0-9a-z]/gi, ''), name: text => text.trim() }
all('input[data-tidy]', input => input.addEventListener('paste', event => {
  const pasted = event.clipboardData?.getData('text')
  if (!pasted) return
  event.preventDefault()
  const before = input.value.slice(0, input.selectionStart ?? 0)
  const after = input.value.slice(input.selectionEnd ?? 0)
  input.value = before + tidy[input.dataset.tidy](pasted) + after
  input.dispatchEvent(new Event('input', { bubbles: true }))
}))

all('button[data-wait]', waiting => {
  const text = waiting.textContent
  const until = Date.now() + Number(waiting.dataset.wait) * 1000
  const tick = () => {
    const seconds = Math.ceil((until - Date.now()) / 1000)
    waiting.disabled = seconds > 0
    waiting.textContent = seconds > 0 && waiting.dataset.waitText ? waiting.dataset.waitText.replace('{seconds}', seconds) : text
    if (seconds > 0) setTimeout(tick, 1000)
  }
  tick()
})

all('[data-copy]', shell => {
  const copy = button(shell.dataset.copy, async () => {
    await navigator.clipboard.writeText(shell.querySelector('code').textContent)
    said.textContent = copy.textContent = shell.dataset.copied
  }, 'secondary')
  const said = document.createElement('span')
  said.className = 'unseen'
  said.setAttribute('role', 'status')
  if (navigator.clipboard) shell.append(copy, said)
})

all('form', form => {
  let sent = false
  form.addEventListener('submit', event => {
    if (sent) return event.preventDefault()
    sent = true
    event.submitter?.setAttribute('aria-disabled', 'true')
    setTimeout(again, 10_000) // somebody may have pressed "stop"
  })
  const again = () => {
    sent = false
    form.querySelectorAll('button[aria-disabled]').forEach(one => one.removeAttribute('aria-disabled'))
  }
  addEventListener('pageshow', again) // also when the browser brings the page back from memory
})

// An answer that travels as a form goes on by itself.
all('form[data-send-at-once]', form => form.requestSubmit())

const seconds = Number(document.body.dataset.refresh)
if (seconds) {
  const look = async () => {
    try {
      const answer = await fetch(location.href, { redirect: 'manual', cache: 'no-store' })
      if (answer.type !== 'opaqueredirect' && answer.ok && (await answer.text()).includes('data-refresh=')) return setTimeout(look, seconds * 1000)
      location.reload()
    } catch {
      setTimeout(look, seconds * 2000) // no network just now
    }
  }
  setTimeout(look, seconds * 1000)
}
