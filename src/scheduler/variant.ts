/** One thing that can be loaded: a file of one revision, dtype and device. The scheduler knows it by its id alone. */
export interface Variant {
  readonly id: string
  /** For people: `minilm:int8@cpu`. */
  readonly label: string
  /** What it is expected to take until it has been measured. */
  readonly estimateBytes: number
}

/** What a model name stands for at present. Pure: the same selector gives the same variants. */
export interface ModelSpec {
  /** What to load, and after it what to load instead where that fails: at least one. */
  candidates(selector: string | undefined): readonly Variant[]
}
