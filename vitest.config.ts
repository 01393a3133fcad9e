import type { ViteUserConfig } from 'vitest/config'

/** Worker threads and child processes write down here which lines they reached; `scripts/check-coverage.mjs` reads it. */
const coverageOfProcesses = { NODE_V8_COVERAGE: `${import.meta.dirname}/coverage/processes` }

const config: ViteUserConfig = {
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    // Tests start worker threads from dist/: Node 20 cannot start a thread from a TypeScript file.
    globalSetup: ['test/setup/build.ts'],
    // All cores: many tests wait for a process or a socket. (By default one core stays idle, which is half of a small machine.)
    maxWorkers: '100%',
    // For what hangs. Nothing else is measured by it: a machine may be ten times as slow as another, or as busy.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    env: process.argv.includes('--coverage') ? coverageOfProcesses : {},
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      exclude: ['src/**/*.test.ts'],
      reporter: ['text-summary', 'json'],
      reportOnFailure: true,
    },
  },
}

export default config
