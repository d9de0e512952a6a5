import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/test/**/*.test.ts'],
    // Tests that need other people's software run with `npm run foreign`.
    exclude: ['**/node_modules/**', '**/dist/**', 'test/foreign/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
