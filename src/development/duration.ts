const form = /^P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?$/

/** Milliseconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds: 'PT25H', 'P1DT30M'. undefined: none. */
export function parseDuration(text: string): number | undefined {
  const parts = form.exec(text)?.slice(1)
  if (!parts || parts.every(part => part === undefined)) return undefined
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts.map(part => Number(part ?? 0))
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}

/** The same the other way, in seconds: 'PT2S'. */
export const formatDuration = (milliseconds: number): string => `PT${milliseconds / 1000}S`
