/**
 * Starts work on items as they come and yields the results in the order of the items, with at most `ahead` of them begun and
 * not yet yielded. A result is yielded as soon as it is there, also while the next item lets itself be waited for. When the
 * source fails, what was begun is yielded first.
 *
 * @throws the error of the source or of the work, and the reason of `signal` as soon as it aborts
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  begin: (item: Item) => Promise<Result>,
  { ahead, signal }: { ahead: number; signal: AbortSignal },
): AsyncGenerator<Result> {
  const source = items[Symbol.asyncIterator]()
  const begun: Promise<Result>[] = []
  const aborted = rejectOnAbort(signal)
  let failure: { error: unknown } | undefined
  let arriving: Promise<Arrival<Item>> | undefined = arrivalOf(source)
  while (arriving !== undefined || begun.length > 0) {
    const [oldest] = begun
    const candidates: Promise<Arrival<Item> | typeof SETTLED>[] = [aborted]
    if (oldest !== undefined) candidates.push(oldest.then(settled, settled))
    if (arriving !== undefined && begun.length < ahead) candidates.push(arriving)
    const first = await Promise.race(candidates)
    if (first === SETTLED) {
      yield await (begun.shift() as Promise<Result>)
    } else if (first.kind === 'item') {
      const work = begin(first.item)
      // Whoever awaits it later hears of its failure; until then it must not count as unhandled.
      work.catch(() => {})
      begun.push(work)
      arriving = arrivalOf(source)
    } else {
      if (first.kind === 'failure') failure = first
      arriving = undefined
    }
  }
  if (failure !== undefined) throw failure.error
}

const SETTLED = Symbol('the oldest is settled')
const settled = (): typeof SETTLED => SETTLED

type Arrival<Item> = { kind: 'item'; item: Item } | { kind: 'end' } | { kind: 'failure'; error: unknown }

function arrivalOf<Item>(source: AsyncIterator<Item>): Promise<Arrival<Item>> {
  return source.next().then(
    (next) => (next.done ? { kind: 'end' } : { kind: 'item', item: next.value }),
    (error: unknown) => ({ kind: 'failure', error }),
  )
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  aborted.catch(() => {})
  return aborted
}
