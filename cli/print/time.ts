/** Moments for people: the one form that they have everywhere, which options and scripts take too. */

/** "2026-01-31T12:00:00.000Z", or "-" where there is none. */
export function shownTime(time: Date | undefined): string {
  return time?.toISOString() ?? '-';
}
