/**
 * One thing that is measured, against something that does the same.
 *
 * @typedef {object} Row
 * @property {string} name `group.what`; the group is the name of the file.
 * @property {string} unit Of `value`: `ns/op`, `texts/s`, `bytes`.
 * @property {'less' | 'more'} better Which of two values is the better one.
 * @property {string} against What the ratio is to.
 * @property {number} [target] The ratio that is to be reached, 1 or more being better than the other.
 * @property {() => Sides | Promise<Sides>} prepare Sets both sides up.
 *
 * @typedef {object} Sides
 * @property {() => Promise<number>} ours Measures once, and answers with a value in `unit`.
 * @property {() => Promise<number>} theirs
 * @property {() => unknown} [close] Called after the last round.
 */

/**
 * Both sides take turns, each going first in every other round, so that whatever else the machine does hits both. The
 * first two rounds are for the compiler. The value is the median of all rounds, the ratio that of the medians, and the
 * spread the middle half of the rounds' own ratios.
 *
 * @param {Row} row
 * @param {number} rounds
 */
export async function measureRow(row, rounds) {
  const sides = await row.prepare()
  const ours = []
  const theirs = []
  for (let round = -2; round < rounds; round++) {
    let own
    let other
    if (round % 2 === 0) {
      own = await sides.ours()
      other = await sides.theirs()
    } else {
      other = await sides.theirs()
      own = await sides.ours()
    }
    if (round < 0) continue
    ours.push(own)
    theirs.push(other)
  }
  await sides.close?.()
  const ratioOf = (own, other) => (row.better === 'less' ? other / own : own / other)
  const ratios = ours.map((own, round) => ratioOf(own, theirs[round]))
  const value = quantile(ours, 0.5)
  const againstValue = quantile(theirs, 0.5)
  return {
    name: row.name,
    value,
    unit: row.unit,
    against: row.against,
    againstValue,
    ratio: ratioOf(value, againstValue),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    target: row.target,
    rounds,
  }
}

/**
 * Nanoseconds of CPU time for one of the `count` operations that `work` does. For work that keeps a core busy this is what a
 * watch would show on a machine that does nothing else.
 *
 * @param {number} count
 * @param {() => unknown} work
 * @returns {() => Promise<number>}
 */
export function perOperation(count, work) {
  return async () => {
    const start = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(start)
    return ((user + system) * 1e3) / count
  }
}

/** @param {number[]} values */
function quantile(values, fraction) {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(place)]
  return below + (sorted[Math.ceil(place)] - below) * (place - Math.floor(place))
}
