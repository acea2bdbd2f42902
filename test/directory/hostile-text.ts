/** Text that has broken something somewhere (T-64, T-68): every field must take it as data or refuse it. */
export const hostile: readonly string[] = [
  "' or 1=1 --", "'; drop table users; --", '" or ""="', '%', '_', '%%%%', "\\'; select pg_sleep(5) --", '1) union select hash from passwords --', '${7*7}', '{{7*7}}',
  '../../etc/passwd', '\u0000', '\ud800', '\u202e', '💥'.repeat(20), 'a'.repeat(3000), "x' /*", 'admin\'||\'1', "'))) or ((('1'='1", 'null', 'undefined', '__proto__', 'constructor',
  'toString', '[object Object]',
]
