import { defineConfig } from 'vitest/config'

/** For mutation testing: the tests of `sync/` that need no build, so that none is made for each mutant. */
export default defineConfig({
  test: {
    include: ['src/sync/*.test.ts', 'test/conformance/*-locks.test.ts', 'test/race/sync-*.test.ts'],
    testTimeout: 5_000,
  },
})
