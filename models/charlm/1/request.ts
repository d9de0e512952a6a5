// What a task asks for: checked once, when its stream starts.
import type { Item } from '@inferq/worker/handler';

const MAX_PROMPT = 4096;

/** The caller's mistake: the task fails and is not tried again. */
export class InvalidInput extends Error {}

/**
 * Returns the prompt's characters as token ids. A blank line goes before them,
 * because that is where stories begin; a character that is not in the
 * vocabulary becomes a space.
 */
function encode(item: Item, ids: Map<string, number>): number[] {
  const data = item.inputs.prompt?.data;
  const text = Array.isArray(data) && data.length === 1 ? data[0] : undefined;
  if (!(text instanceof Uint8Array)) throw new InvalidInput('prompt must hold one text');
  const prompt = [...new TextDecoder().decode(text)];
  if (prompt.length > MAX_PROMPT) throw new InvalidInput(`prompt must have at most ${MAX_PROMPT} characters`);
  return ['\n', '\n', ...prompt].map((character) => ids.get(character) ?? ids.get(' ') ?? 0);
}

/** Returns the request of an item, whose parameters were checked against model.yaml; throws InvalidInput. */
export function readRequest(item: Item, ids: Map<string, number>) {
  return {
    tokens: encode(item, ids),
    maxTokens: Number(item.parameters.max_tokens),
    temperature: Number(item.parameters.temperature),
    seed: Number(item.parameters.seed),
  };
}
