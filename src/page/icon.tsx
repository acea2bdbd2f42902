import type { VNode } from 'preact'

/** Outlines on a 24 grid, drawn with the text's colour. Always beside words, so always hidden from screen readers. */
const outlines = {
  key: 'M14.5 9.5a5 5 0 1 0-3.6 4.8L13 16.5h2.5V19H18v2.5h3.5V18l-7.2-7.2a5 5 0 0 0 .2-1.3zM8 8h.01',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c1-4 4-6 7.5-6s6.5 2 7.5 6',
  mail: 'M3.5 6h17v12.5h-17zM4 6.5l8 6.5 8-6.5',
  phone: 'M8 2.5h8a1.5 1.5 0 0 1 1.5 1.5v16a1.5 1.5 0 0 1-1.5 1.5H8a1.5 1.5 0 0 1-1.5-1.5V4A1.5 1.5 0 0 1 8 2.5zM11 18.5h2',
  office: 'M5 21V4h9v17M14 9h5v12M3 21h18M8.5 8h2M8.5 12h2M8.5 16h2',
  app: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2v2h-2zM18 18h2v2h-2zM18 14h2M14 18v2',
  question: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.300c-.7.3-1 .8-1 1.7M12 16.5h.01',
  password: 'M4 11h16v9H4zM7.5 11V8a4.5 4.5 0 0 1 9 0v3M12 14.5v2',
  pass: 'M3.5 6.5h17v4a1.5 1.5 0 0 0 0 3v4h-17v-4a1.5 1.5 0 0 0 0-3zM14 9.5v5',
  shield: 'M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM8.5 12l2.5 2.5 4.5-5',
  device: 'M3 5h18v11.5H3zM8.5 20.5h7M12 16.5v4',
  check: 'M4.5 12.5l5 5 10-11',
  warning: 'M12 3.5l9.5 17h-19zM12 10v5M12 17.7h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.5h.01',
  arrow: 'M9 5.5l6.5 6.5L9 18.5',
  back: 'M15 5.5L8.5 12l6.5 6.5',
} as const

export type IconName = keyof typeof outlines

export function Icon({ name }: { name: IconName }): VNode {
  return <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={outlines[name]} /></svg>
}
