import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    // Half of what a test of whole processes does is waiting for them; left alone one core in two would be kept free besides.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      // Nothing in src keeps state in a module (STYLE), so that its tests can share what they have loaded.
      { extends: true, test: { name: 'rooms', include: ['src/**/*.test.ts'], isolate: false } },
      { extends: true, test: { name: 'whole', include: ['{test,demo,tools}/**/*.test.ts'] } },
    ],
  },
});
