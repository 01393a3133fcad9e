// Mutation testing of the scheduler: npx stryker run stryker.scheduler.config.mjs. What survives is listed in docs/mutation.md.
import sync from './stryker.sync.config.mjs'

export default {
  ...sync,
  vitest: { configFile: 'vitest.mutation-scheduler.config.ts' },
  mutate: ['src/scheduler/**/*.ts', 'src/kernel/wait-queue.ts', '!src/scheduler/**/*.test.ts'],
  jsonReporter: { fileName: 'reports/mutation-scheduler.json' },
  tempDirName: '.stryker-tmp/scheduler',
  incremental: true,
  incrementalFile: 'reports/mutation-scheduler-incremental.json',
}
