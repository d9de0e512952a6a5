import { StoreError } from '@inferq/core/store-error.ts';
import { expect, test } from 'vitest';
import { followStore, type Health } from '../store-health.ts';

type Look = { probe?: StoreError | 'silent'; answers?: number; deaf?: boolean };

const refused = new StoreError('refusing', 'NOREPLICAS', 'NOREPLICAS Not enough good replicas to write.');
const away = new StoreError('away', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1');

/** What is told in the course of these looks, one after the other. */
async function told(looks: Look[]): Promise<string[]> {
  const stop = new AbortController();
  const tells: string[] = [];
  let at = -1;
  let answers = 0;
  const signs = {
    ask: async () => {
      at += 1;
      const { probe, answers: more = 0 } = looks[at] ?? {};
      if (at === looks.length) stop.abort();
      answers += more;
      if (probe === 'silent') await new Promise(() => {});
      if (probe instanceof StoreError) throw probe;
    },
    answers: () => answers,
    hears: () => !looks[at]?.deaf,
  };
  const tell = (health: Health) => tells.push(`${at} ${health.serving ? 'serving' : health.problem}`);
  await followStore(signs, { everyMs: 0, withinMs: 5, failures: 3 }, tell, stop.signal);
  return tells;
}

test('one look decides at the start', async () => {
  expect(await told([{}])).toEqual(['0 serving']);
  expect(await told([{ probe: away }, {}])).toEqual([`0 ${away.message}`, '1 serving']);
});

test('a single failure changes nothing, the third in a row does, and the next success takes it back', async () => {
  expect(await told([{}, { probe: away }, { probe: away }, {}, { probe: away }])).toEqual(['0 serving']);
  expect(await told([{}, { probe: away }, { probe: away }, { probe: away }, { probe: away }, {}])).toEqual([
    '0 serving',
    `3 ${away.message}`,
    '5 serving',
  ]);
});

test('a question that stays open is an answer while the own calls of the server come through', async () => {
  const busy: Look = { probe: 'silent', answers: 1 };
  expect(await told([{}, busy, busy, busy, busy])).toEqual(['0 serving']);
  const frozen: Look = { probe: 'silent' };
  expect(await told([{}, frozen, frozen, frozen])).toEqual(['0 serving', '3 Redis does not answer within 0.005 s']);
});

test('refused writes are no health, though reads come through', async () => {
  const reading: Look = { probe: refused, answers: 10 };
  expect(await told([{}, reading, reading, reading])).toEqual(['0 serving', `3 ${refused.message}`]);
});

test('a server that does not hear its inbox is not healthy', async () => {
  const deaf: Look = { deaf: true };
  expect(await told([{}, deaf, deaf, deaf, {}])).toEqual([
    '0 serving',
    expect.stringContaining('3 the inbox is not subscribed'),
    '4 serving',
  ]);
});
