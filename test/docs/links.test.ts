import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const markdownIn = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))

const files = ['.', 'docs', 'bench', 'models/all-MiniLM-L6-v2'].flatMap(markdownIn)

/** GitHub's way from a heading to its anchor. */
function anchorsOf(text: string): string[] {
  return Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-'),
  )
}

test.each(files)('every link of %s leads somewhere', (file) => {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^```.*?^```$/gms, '')
  const broken = Array.from(text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)).flatMap(
    ([, path = '', anchor]) => {
      const target = path === '' ? join(root, file) : join(root, dirname(file), path)
      if (!existsSync(target)) return [path]
      const isThere = anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
      return isThere ? [] : [`${path}#${anchor}`]
    },
  )
  expect(broken).toEqual([])
})

test('the index names every document', () => {
  const index = readFileSync(join(root, 'docs', 'README.md'), 'utf8')
  const others = readdirSync(join(root, 'docs')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )
  expect(others.filter((name) => !index.includes(`](${name})`))).toEqual([])
})
