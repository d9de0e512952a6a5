/** Outputs and inputs travel as lists and texts, which people and scripts can read. */
export const readableOutputs = { encoding: 'contents' } as const;
