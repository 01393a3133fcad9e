// Mutation testing of the locks: npx stryker run stryker.sync.config.mjs. What survives is listed in docs/mutation.md.
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  mutate: ['src/sync/**/*.ts', '!src/sync/**/*.test.ts', '!src/sync/index.ts'],
  reporters: ['clear-text', 'json'],
  jsonReporter: { fileName: 'reports/mutation-sync.json' },
  coverageAnalysis: 'perTest',
  concurrency: 1,
  timeoutMS: 3_000,
  tempDirName: '.stryker-tmp',
  // TypeScript 7 has no API that Stryker could rewrite a tsconfig.json with; the tests need none.
  tsconfigFile: 'none',
  ignorePatterns: ['dist', 'models', 'bench', 'coverage', 'docs', 'examples', 'reports'],
}
