// Choosing the next character. Kept apart from the handler so that it can be tested without a model.

/** Returns a generator of numbers in [0, 1): mulberry32, small and the same on every machine. */
export function random(seed: bigint): () => number {
  // Both halves of the 64-bit seed count, so 1 and 1 + 2**32 differ.
  let state = (Number(BigInt.asUintN(32, seed)) ^ Math.imul(Number(BigInt.asUintN(32, seed >> 32n)), 0x9e3779b1)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Returns the token drawn from `logits[offset .. offset + size)` at `temperature`; 0 takes the likeliest.
 *
 * One number is used per token, so a text depends on its seed and its logits
 * alone. ONNX Runtime's CPU LSTM computes each row of a batch bit for bit as it
 * would alone, so the text does not depend on the other streams in the batch.
 */
export function sample(logits: Float32Array, offset: number, size: number, temperature: number, next: () => number): number {
  const row = logits.subarray(offset, offset + size);
  const top = row.reduce((a, b) => Math.max(a, b));
  const best = row.indexOf(top);
  const draw = next();
  if (temperature === 0) return best;
  const shares = row.map((logit) => Math.exp((logit - top) / temperature));
  let left = draw * shares.reduce((a, b) => a + b);
  for (let i = 0; i < size; i++) {
    left -= shares[i] ?? 0;
    if (left < 0) return i;
  }
  return best; // only when float rounding ate the last share
}
