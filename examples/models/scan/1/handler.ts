import { defineHandler, type Item, type Session } from '@inferq/worker/handler';

interface State {
  session: Session;
}

const ink = 16;
const classes = 10;
const encoder = new TextEncoder();

function pixelsOf(item: Item): Uint8Array {
  return item.inputs.pixels?.data as Uint8Array;
}

/** The most likely class, if its probability is at least one half. */
function read(logits: Float32Array, unsure: string): string {
  const best = logits.indexOf(Math.max(...logits));
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - (logits[best] ?? 0)), 0);
  return sum <= 2 ? String(best) : unsure;
}

export default defineHandler<State>({
  // Once per executor, before it takes work.
  async load(context) {
    return { session: await context.session('digits.onnx') };
  },

  // A batch: every item must be completed or failed.
  async run(items, { session }) {
    const good = items.filter((item) => pixelsOf(item).every((pixel) => pixel <= ink));
    for (const item of items) if (!good.includes(item)) item.fail(`pixels go from 0 to ${ink}`, { code: 'INVALID_INPUT' });
    if (good.length === 0) return;

    const pixels = good.flatMap((item) => [...pixelsOf(item)]);
    const image = Float32Array.from(pixels, (pixel) => pixel / ink);
    const { logits } = await session.run({ image: { datatype: 'FP32', shape: [image.length / 64, 64], data: image } });
    const scores = logits?.data as Float32Array;

    let row = 0;
    for (const item of good) {
      const texts: string[] = [];
      for (const end = row + item.rows; row < end; row++) {
        texts.push(read(scores.subarray(row * classes, (row + 1) * classes), String(item.parameters.unsure)));
      }
      item.complete({ digit: { datatype: 'BYTES', shape: [texts.length], data: texts.map((text) => encoder.encode(text)) } });
    }
  },
});
