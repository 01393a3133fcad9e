const COLUMNS = [44, 16, 44, 16, 8, 15, 8]

export const HEADER = line(['row', 'ours', 'against', 'theirs', 'ratio', 'middle half', 'target'])

/** A result of `measureRow` as a line of the table. */
export function formatRow({ name, value, unit, against, againstValue, ratio, spread, target }) {
  return line([
    name,
    `${short(value)} ${unit}`,
    against,
    `${short(againstValue)} ${unit}`,
    `${short(ratio)}×`,
    `${short(spread[0])}–${short(spread[1])}×`,
    target === undefined ? '' : `≥ ${target}×`,
  ])
}

function line(cells) {
  return cells
    .map((cell, index) => cell.padEnd(COLUMNS[index]))
    .join(' ')
    .trimEnd()
}

/** Three digits that matter. */
function short(value) {
  return value >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
}
