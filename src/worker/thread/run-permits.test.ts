import { describe, expect, it } from 'vitest'
import type { FromThread } from '../protocol.ts'
import { RunPermits } from './run-permits.ts'

function rig(): { permits: RunPermits; sent: FromThread[] } {
  const sent: FromThread[] = []
  return { permits: new RunPermits((message) => sent.push(message)), sent }
}

describe('a permit', () => {
  it('is asked for once until one comes', () => {
    const { permits, sent } = rig()
    permits.want()
    permits.want()
    expect(sent).toEqual([{ type: 'run-wanted' }])
    permits.grant(1)
    permits.want()
    expect(sent).toHaveLength(2)
  })

  it('is free until a run uses it, and again when that has ended', () => {
    const { permits } = rig()
    permits.grant(2)
    permits.use()
    expect(permits.free).toBe(1)
    permits.end()
    expect(permits.free).toBe(2)
  })

  it('that is recalled goes back at the end of a turn that has no use for it', () => {
    const { permits, sent } = rig()
    permits.grant(2)
    permits.use()
    permits.recall()
    permits.giveBackRecalled()
    permits.giveBackRecalled()
    expect(sent).toEqual([{ type: 'runs-returned', runs: 1 }])
    expect(permits.free).toBe(0)
  })

  it('that is recalled before any run has used it is good for one', () => {
    const { permits, sent } = rig()
    permits.grant(1)
    permits.recall()
    expect(permits.free).toBe(1)
    permits.use()
    permits.giveBackRecalled()
    expect(sent).toEqual([])
    permits.end()
    expect(sent).toEqual([{ type: 'runs-returned', runs: 1 }])
    expect(permits.free).toBe(0)
  })

  it('that has gone back cannot be recalled any more: the next grant is kept', () => {
    const { permits, sent } = rig()
    permits.recall()
    permits.grant(1)
    expect(permits.free).toBe(1)
    expect(sent).toEqual([])
  })
})
