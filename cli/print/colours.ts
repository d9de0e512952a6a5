/** Colours on a terminal, nothing elsewhere. */

import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

function coloursFor(stream: NodeJS.WriteStream): Colours {
  return pc.createColors(Boolean(stream.isTTY) && !process.env.NO_COLOR && process.env.TERM !== 'dumb');
}

export const outColours = coloursFor(process.stdout);
export const errColours = coloursFor(process.stderr);
