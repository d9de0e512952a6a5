/** Spans of time for people. */

/** "0.4 ms", "12 ms", "3.2 s", "10 s", "5 min 10 s", "2 h 5 min", "3 d 4 h". */
export function shownSpan(ms: number): string {
  if (ms < 10) return `${Number(Math.max(0, ms).toFixed(1))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  const seconds = Math.floor(ms / 1_000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const from = parts.findIndex(([count]) => count > 0);
  const shown = parts.slice(from, from + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
