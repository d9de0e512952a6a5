import { expect, test } from 'vitest';
import { installed } from '../installed.ts';

/** What Node throws for a package that is not there, under the name of another one. */
async function importOf(name: string): Promise<never> {
  const absent = 'a-package-that-is-not-installed';
  const error = await import(absent).catch((thrown: NodeJS.ErrnoException) => thrown);
  throw Object.assign(new Error(error.message.replace(absent, name)), { code: error.code });
}

test('a part that is not installed is named with the command that installs it', async () => {
  await expect(installed('worker', () => importOf('@inferq/worker'))).rejects.toThrow(
    /^This installation has no worker: .*npm ci --omit=dev --workspace @inferq\/cli --workspace @inferq\/worker/,
  );
});

test('a package that is missing inside a part is not taken for the part', async () => {
  await expect(installed('worker', () => importOf('yaml'))).rejects.toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
});
