/**
 * For tests of code that uses Leasehold: a clock that moves when told to, and an engine that loads and answers as its
 * script says.
 *
 * @module
 */
export { ManualClock } from './manual-clock.ts'
export { createFakeEngine, type FakeCounts, type FakeEngine } from './fake-engine.ts'
export type { FakeModel, FakeModelState } from './fake-model.ts'
export { fakeScore } from './fake-score.ts'
export type { FakeScript } from './fake-script.ts'
export { fakeHash, readFakeVector, type FakeVectorOrigin } from './fake-vector.ts'
