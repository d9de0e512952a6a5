/** Colours on a terminal, nothing elsewhere. */

import pc from 'picocolors';

export const colours = pc.createColors(Boolean(process.stdout.isTTY) && !process.env.NO_COLOR && process.env.TERM !== 'dumb');
