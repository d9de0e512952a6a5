import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { didYouMean, nearest } from '../suggestion.ts';

const models = ['digits', 'charlm', 'bert-base', 'bert-large', 'x'];

test.each([
  ['digit', 'digits'],
  ['digitss', 'digits'],
  ['digots', 'digits'],
  ['idgits', 'digits'],
  ['Digits', 'digits'],
  ['DIGITS', 'digits'],
  ['chralm', 'charlm'],
  ['bert_base', 'bert-base'],
  ['bertlarge', 'bert-large'],
  ['X', 'x'],
])('%s is nearly %s', (word, meant) => {
  expect(nearest(word, models)).toBe(meant);
});

test.each(['', 'y', 'dogs', 'cat', 'digits-of-mnist', 'resnet', 'd'.repeat(1_000_000)])('%s is nearly none of them', (word) => {
  expect(nearest(word, models)).toBeUndefined();
});

test('of several the nearest one is meant, and of equals the first', () => {
  expect(nearest('bert-basa', ['bert-bass', 'bert-bask', 'bert-large'])).toBe('bert-bass');
  expect(nearest('models', ['module', 'mode', 'model'])).toBe('model');
});

test('a sentence is only added where there is something to say', () => {
  expect(didYouMean('digit', models)).toBe(' Did you mean "digits"?');
  expect(didYouMean('toString', models)).toBe('');
});

test('one mistake in a name of four or more characters is always seen, whatever the mistake', async () => {
  const letter = fc.constantFrom(...'abcdefgh_-.09');
  const mistake = fc.record({ kind: fc.constantFrom('add', 'leave out', 'replace', 'swap'), at: fc.nat(), letter });
  await fc.assert(
    fc.property(fc.array(letter, { minLength: 4, maxLength: 40 }), mistake, (name, { kind, at, letter }) => {
      const place = at % (name.length - 1);
      const word = [...name];
      if (kind === 'add') word.splice(place, 0, letter);
      if (kind === 'leave out') word.splice(place, 1);
      if (kind === 'replace') word[place] = letter;
      if (kind === 'swap') [word[place], word[place + 1]] = [word[place + 1] ?? '', word[place] ?? ''];
      expect(nearest(word.join(''), ['zzzzzzzzzzzz', name.join('')])).toBe(name.join(''));
    }),
  );
});
