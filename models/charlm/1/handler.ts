// The `charlm` model: one step() moves every live stream a few characters on, in one batch.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HandlerContext, Item, ModelTensor, Session } from '@inferq/worker/handler';
import { defineHandler } from '@inferq/worker/handler';
import { InvalidInput, readRequest } from './request.ts';
import { random, sample } from './sampling.ts';

/** Characters per step: one chunk each, so that sending does not cost more than computing. */
const PIECE = 4;

/** What a stream carries from step to step. */
interface Stream {
  h: Float32Array;
  c: Float32Array;
  /** The last character, which the network has not read yet. */
  token: number;
  text: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly next: () => number;
}

/** What load() makes once and every step shares. */
interface State {
  session: Session;
  vocabulary: string[];
  ids: Map<string, number>;
  hidden: number;
  /** Keyed by the item itself: a stream's state goes when its item does. */
  streams: WeakMap<Item, Stream>;
}

const bytes = (text: string): Record<string, ModelTensor> => ({
  text: { datatype: 'BYTES', shape: [1], data: [new TextEncoder().encode(text)] },
});

const floats = (tensors: Record<string, ModelTensor>, name: string) => tensors[name]?.data as Float32Array;

/** Feeds tokens for `batch` streams; h and c hold their states one after another. */
function feed({ session, hidden }: State, tokens: number[], batch: number, h: Float32Array, c: Float32Array) {
  return session.run({
    tokens: { datatype: 'INT64', shape: [batch, tokens.length / batch], data: BigInt64Array.from(tokens, BigInt) },
    h: { datatype: 'FP32', shape: [1, batch, hidden], data: h },
    c: { datatype: 'FP32', shape: [1, batch, hidden], data: c },
  });
}

/** Validates a new item and reads all of its prompt but the last character. */
async function start(item: Item, state: State): Promise<Stream> {
  const { tokens, maxTokens, temperature, seed } = readRequest(item, state.ids);
  const zero = new Float32Array(state.hidden);
  const out = await feed(state, tokens.slice(0, -1), 1, zero, zero);
  return {
    h: floats(out, 'h_out'),
    c: floats(out, 'c_out'),
    token: tokens.at(-1) ?? 0,
    text: '',
    maxTokens,
    temperature,
    next: random(BigInt(seed)),
  };
}

/** Moves all streams one character on: gathers their states, runs once, scatters. */
async function advance(streams: Stream[], state: State): Promise<void> {
  const { hidden, vocabulary } = state;
  const h = new Float32Array(streams.length * hidden);
  const c = new Float32Array(streams.length * hidden);
  streams.forEach((stream, i) => {
    h.set(stream.h, i * hidden);
    c.set(stream.c, i * hidden);
  });
  const tokens = streams.map(({ token }) => token);
  const out = await feed(state, tokens, streams.length, h, c);
  const [logits, hOut, cOut] = [floats(out, 'logits'), floats(out, 'h_out'), floats(out, 'c_out')];
  streams.forEach((stream, i) => {
    // Views, not copies: the next gather copies them anyway.
    stream.h = hOut.subarray(i * hidden, (i + 1) * hidden);
    stream.c = cOut.subarray(i * hidden, (i + 1) * hidden);
    stream.token = sample(logits, i * vocabulary.length, vocabulary.length, stream.temperature, stream.next);
    stream.text += vocabulary[stream.token];
  });
}

export default defineHandler<State>({
  /** Opens the network and its vocabulary. */
  async load(ctx: HandlerContext): Promise<State> {
    const vocabulary = JSON.parse(await readFile(join(ctx.folder, 'vocabulary.json'), 'utf8')) as string[];
    const session = await ctx.session('model.onnx');
    const hidden = session.inputs.find(({ name }) => name === 'h')?.shape.at(-1) ?? 0;
    const ids = new Map(vocabulary.map((character, id) => [character, id]));
    return { session, vocabulary, ids, hidden, streams: new WeakMap() };
  },

  /** Gives every live stream its next PIECE characters. */
  async step(items: Item[], state: State): Promise<void> {
    const live: { item: Item; stream: Stream; sent: number }[] = [];
    for (const item of items) {
      if (item.signal.aborted) {
        item.complete(bytes(state.streams.get(item)?.text ?? ''), { partial: true });
        continue;
      }
      try {
        const stream = state.streams.get(item) ?? (await start(item, state));
        state.streams.set(item, stream);
        live.push({ item, stream, sent: stream.text.length });
      } catch (error) {
        const invalid = error instanceof InvalidInput;
        item.fail(error as Error, invalid ? { retry: false, code: 'INVALID_INPUT' } : { code: 'MODEL_ERROR' });
      }
    }
    for (let i = 0; i < PIECE; i++) {
      const running = live.map(({ stream }) => stream).filter((stream) => stream.text.length < stream.maxTokens);
      if (running.length > 0) await advance(running, state);
    }
    // All pieces go out together; waiting for them here is what lets a slow reader slow us down.
    // An emit that fails concerns that stream alone, whose signal or result will tell.
    await Promise.allSettled(live.map(({ item, stream, sent }) => item.emit(bytes(stream.text.slice(sent)))));
    for (const { item, stream } of live) {
      if (stream.text.length >= stream.maxTokens) item.complete(bytes(stream.text));
    }
  },
});
