/** Text within the columns of a terminal, of which some characters take two and some none. */

import stringWidth from 'string-width';

const characters = new Intl.Segmenter();

/**
 * The widths that columns get of `room`: the widest give up space first, none below its `least`, unless it needs less by itself.
 * Undefined where that does not suffice.
 */
export function fitColumns(natural: readonly number[], least: readonly number[], room: number): number[] | undefined {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const shrinkable = widths.map((width, index) => (width > (least[index] ?? 0) ? width : 0));
    const most = Math.max(...shrinkable);
    if (most === 0) return undefined;
    const widest = shrinkable.indexOf(most);
    widths[widest] = most - 1;
    excess -= 1;
  }
  return widths;
}

/** Lines of at most `width` columns, at least one. */
export function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const { segment } of characters.segment(text)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && stringWidth(last + segment) > width) lines.push(segment);
    else lines[lines.length - 1] = last + segment;
  }
  return lines;
}
