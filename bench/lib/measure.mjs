/**
 * Something that is measured on two sides: ours, and something that does the same. A row has one figure, or several that are
 * taken at the same time.
 *
 * @typedef {object} Row
 * @property {string} name `group.what`; the group is the name of the file.
 * @property {number} [rounds] How many are enough for it, where rounds are long. @default 15
 * @property {number} [warmups] Rounds before them that do not count. @default 2
 * @property {Figure[]} [figures] Where there are several; their names are appended to that of the row.
 * @property {(plan: Plan) => Sides | Skip | Promise<Sides | Skip>} prepare Sets both sides up.
 *
 * @typedef {object} Figure The fields of a row with one figure, too.
 * @property {string} [name] Empty for the figure that goes by the name of the row.
 * @property {string} unit Of the value: `ns/op`, `texts/s`, `bytes`.
 * @property {'less' | 'more'} better Which of two values is the better one.
 * @property {string} against What the ratio is to.
 * @property {number} [target] The ratio that is to be reached, 1 or more being better than the other.
 *
 * @typedef {object} Plan
 * @property {number} seconds About how long one measurement of a row that is timed should take.
 * @property {boolean} isQuick Only whether it works at all is asked.
 *
 * @typedef {number | Record<string, number>} Values One number, or one for each figure by its name.
 *
 * @typedef {object} Sides
 * @property {(round: number) => Values | Promise<Values>} ours Measures once.
 * @property {(round: number) => Values | Promise<Values>} theirs
 * @property {string} [note] What was found out while setting up.
 * @property {() => unknown} [close] Called after the last round.
 *
 * @typedef {{ skip: string }} Skip Why the row cannot run here.
 */

/** @type {Plan} */
const FULL = { seconds: 1.5, isQuick: false }
/** @type {Plan} */
const QUICK = { seconds: 0.05, isQuick: true }

const DEFAULT_ROUNDS = 15
const DEFAULT_WARMUPS = 2

/**
 * Both sides take turns, each going first in every other round, so that whatever else the machine does hits both. The
 * first two rounds are for the compiler. The value is the median of all rounds, the ratio that of the medians, and the
 * spread the middle half of the rounds' own ratios.
 *
 * @param {Row & Figure} row
 * @param {{ rounds?: number, isQuick?: boolean }} options
 * @returns {Promise<object[]>} One result for each figure.
 */
export async function measureRow(row, { rounds = row.rounds ?? DEFAULT_ROUNDS, isQuick = false }) {
  const sides = await row.prepare(isQuick ? QUICK : FULL)
  if ('skip' in sides) return [{ name: row.name, skip: sides.skip }]
  const warmups = isQuick ? 0 : (row.warmups ?? DEFAULT_WARMUPS)
  const ours = []
  const theirs = []
  try {
    for (let round = -warmups; round < (isQuick ? 1 : rounds); round++) {
      const [first, second] = round % 2 === 0 ? ['ours', 'theirs'] : ['theirs', 'ours']
      const values = {}
      for (const side of [first, second]) values[side] = await sides[side](round)
      if (round < 0) continue
      ours.push(values.ours)
      theirs.push(values.theirs)
    }
  } finally {
    await sides.close?.()
  }
  return (row.figures ?? [row]).map((figure) => {
    const [own, others] = [ours, theirs].map((values) => values.map((value) => valueOf(value, figure, row)))
    const name = figure === row || !figure.name ? row.name : `${row.name}.${figure.name}`
    return { ...summarise(name, figure, own, others), rounds: ours.length, note: sides.note }
  })
}

function valueOf(values, figure, row) {
  const value = typeof values === 'object' ? values[figure.name ?? ''] : values
  if (!Number.isFinite(value)) throw new Error(`${row.name} measured ${value}.`)
  return value
}

function summarise(name, { unit, better, against, target }, ours, theirs) {
  const ratioOf = (own, other) => (better === 'less' ? other / own : own / other)
  const ratios = ours.map((own, round) => ratioOf(own, theirs[round]))
  const value = quantile(ours, 0.5)
  const againstValue = quantile(theirs, 0.5)
  const spread = [quantile(ratios, 0.25), quantile(ratios, 0.75)]
  return { name, value, unit, against, againstValue, ratio: ratioOf(value, againstValue), spread, target }
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

/** @param {readonly number[]} values Not empty. */
export function quantile(values, fraction) {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * fraction
  const below = sorted[Math.floor(place)]
  return below + (sorted[Math.ceil(place)] - below) * (place - Math.floor(place))
}
