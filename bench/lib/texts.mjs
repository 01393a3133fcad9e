const WORDS = (
  'the a of to and in that it with as for was on are be this have from or one had by word but not what all were we when your ' +
  'can said there use an each which she do how their if will up other about out many then them these so some her would make ' +
  'like him into time has look two more write go see number way could people my than first water been call who oil its now ' +
  'find long down day did get come made may part server thread memory token vector search index cache model batch queue lease'
).split(' ')

/** Mulberry32: the same texts in every run. */
export function seeded(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Words per text, and with the special tokens about as many tokens. */
const LENGTHS = {
  short: (random) => 4 + Math.floor(random() * 8),
  /** Log-normal, as lengths of passages and queries are: median 40, mean about 60, between 5 and 250. */
  mixed: (random) => Math.round(Math.min(250, Math.max(5, 40 * Math.exp(0.9 * normal(random))))),
  long: (random) => 200 + Math.floor(random() * 54),
}

/** No two of them are equal, so that nothing can be kept from one for another. */
export function makeTexts(kind, count, seed = 1) {
  const random = seeded(seed)
  const texts = new Set()
  while (texts.size < count) {
    const words = Array.from(
      { length: LENGTHS[kind](random) },
      () => WORDS[Math.floor(random() * WORDS.length)],
    )
    texts.add(words.join(' '))
  }
  return [...texts]
}

/** Box and Muller. */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
