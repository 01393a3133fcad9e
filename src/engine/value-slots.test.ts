import { expect, it } from 'vitest'
import { ValueSlots } from './value-slots.ts'

const tableOf = (length: number): BigUint64Array =>
  new BigUint64Array(new SharedArrayBuffer(length * BigUint64Array.BYTES_PER_ELEMENT))

it('addresses stand beside one another in the table, and in no place twice', () => {
  const table = tableOf(8)
  const slots = new ValueSlots(table)
  const [a, b] = [slots.take(3), slots.take(4)]
  a.addresses.set([1n, 2n, 3n])
  b.addresses.set([4n, 5n, 6n, 7n])
  expect([...table]).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n, 0n])
})

it('places that were given back are taken again, where enough of them are beside one another', () => {
  const table = tableOf(6)
  const slots = new ValueSlots(table)
  const all = slots.take(6)
  for (const index of [0, 1, 3, 4]) all.give(index)
  const two = slots.take(2)
  two.addresses.set([8n, 9n])
  expect([...table.subarray(0, 2)]).toEqual([8n, 9n])
  slots.take(2).addresses.fill(7n)
  expect([...table.subarray(3, 5)]).toEqual([7n, 7n])
})

it('what there is no room for has memory of its own', () => {
  const table = tableOf(2)
  const { addresses, give } = new ValueSlots(table).take(3)
  addresses.fill(9n)
  give(0)
  expect([...table]).toEqual([0n, 0n])
  expect(addresses).toHaveLength(3)
})
