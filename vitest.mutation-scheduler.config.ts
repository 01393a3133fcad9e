import { defineConfig } from 'vitest/config'

/** For mutation testing: the unit tests of `scheduler/` and of the queue that it stands on. They need no build, so that none is made for each mutant. */
export default defineConfig({
  test: {
    include: ['src/scheduler/*.test.ts', 'src/kernel/wait-queue.test.ts'],
    // Counts steps in lines of 100,000; what is changed in them is noticed by the others.
    exclude: ['src/scheduler/many-waiters.test.ts'],
    testTimeout: 5_000,
    // The files share nothing but code: importing it once for all makes a run many times quicker.
    isolate: false,
  },
})
