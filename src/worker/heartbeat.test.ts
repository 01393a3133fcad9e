import { expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { Heartbeat } from './heartbeat.ts'

function rig(): {
  clock: ManualClock
  heartbeat: Heartbeat
  state: { asked: number; isAwaited: boolean; isExcused: boolean; silent: string[] }
} {
  const clock = new ManualClock()
  const state = { asked: 0, isAwaited: true, isExcused: false, silent: [] as string[] }
  const heartbeat = new Heartbeat({
    clock,
    ask: () => state.asked++,
    isAwaited: () => state.isAwaited,
    isExcused: () => state.isExcused,
    onSilent: ({ message }) => state.silent.push(message),
  })
  return { clock, heartbeat, state }
}

it('tells once of somebody who answers none of three questions', () => {
  const { clock, heartbeat, state } = rig()
  heartbeat.start()
  heartbeat.start()
  clock.advance(15_000)
  expect([state.asked, state.silent]).toEqual([3, []])
  clock.advance(60_000)
  expect([state.asked, state.silent]).toEqual([3, ['It gave no sign of life for 15 s.']])
})

it('is content with any sign of life, and with an excuse', () => {
  const { clock, heartbeat, state } = rig()
  heartbeat.start()
  for (let i = 0; i < 10; i++) {
    clock.advance(14_000)
    heartbeat.heard()
  }
  state.isExcused = true
  const { asked } = state
  clock.advance(100_000)
  expect([state.asked, state.silent]).toEqual([asked, []])
  // An excuse comes to an end.
  state.isExcused = false
  clock.advance(20_000)
  expect(state.silent).toHaveLength(1)
})

it('asks nobody for whom nobody waits, and begins anew with the next who does', () => {
  const { clock, heartbeat, state } = rig()
  heartbeat.start()
  clock.advance(12_000)
  state.isAwaited = false
  clock.advance(60_000)
  expect(state.asked).toBe(2)
  state.isAwaited = true
  heartbeat.start()
  clock.advance(15_000)
  expect([state.asked, state.silent]).toEqual([5, []])
  heartbeat.stop()
  clock.advance(60_000)
  expect([state.asked, state.silent]).toEqual([5, []])
})
