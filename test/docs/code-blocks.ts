import { readFileSync } from 'node:fs'

export interface CodeBlock {
  /** `docs/locks.md:12`: where it begins. */
  where: string
  code: string
  /** What it must print, line by line: its `// =>` comments. */
  prints: string[]
  /** Blocks marked `ts no-run` are checked by the compiler alone. */
  isRun: boolean
}

/** The TypeScript of a Markdown file. */
export function codeBlocksOf(file: string): CodeBlock[] {
  const text = readFileSync(file, 'utf8')
  return Array.from(text.matchAll(/^```ts( no-run)?\n([^]*?)^```$/gm), (match) => {
    const [, noRun, code = ''] = match
    return {
      where: `${file}:${text.slice(0, match.index).split('\n').length}`,
      code,
      prints: Array.from(code.matchAll(/\/\/ => (.*)$/gm), ([, printed = '']) => printed),
      isRun: noRun === undefined,
    }
  })
}
