// Enforces the import rule of ARCHITECTURE.md: a folder imports only folders with a smaller rank, and nothing on the
// main side imports what runs inside a worker thread or a child process. Tests may import anything. Prints each breach with its file and
// line. Usage: check-layout.mjs [folder], by default src/.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

const source = resolve(process.argv[2] ?? join(import.meta.dirname, '..', 'src'))

/** Rank of each folder on the main side; `index.ts` composes everything and stands above all. */
const rank = {
  kernel: 1,
  sync: 2,
  config: 2,
  monitor: 2,
  container: 3,
  registry: 3,
  session: 3,
  scheduler: 4,
  worker: 5,
  manager: 6,
  services: 7,
  http: 8,
  cli: 9,
  testing: 8,
}
/** Folders that live inside the worker thread or the child process, and what else they may import from. */
const threadFolders = new Set(['batching', 'engine', 'worker/thread', 'worker/process'])
const sharedWithThread = new Set(['kernel', 'worker/protocol.ts'])

function folderOf(file) {
  const path = relative(source, file).split(sep).join('/')
  if (/^worker\/(thread|process)\//.test(path)) return path.slice(0, path.lastIndexOf('/'))
  return path.includes('/') ? path.split('/')[0] : 'index.ts'
}

function breach(from, to, typesOnly) {
  const importer = folderOf(from)
  const imported = folderOf(to)
  if (importer === imported || importer === 'index.ts') return undefined
  const path = relative(source, to).split(sep).join('/')
  if (threadFolders.has(importer)) {
    if (threadFolders.has(imported) || sharedWithThread.has(imported) || sharedWithThread.has(path))
      return undefined
    return `${importer}/ runs inside the thread and may not import ${path}`
  }
  if (threadFolders.has(imported))
    return `${path} runs inside the thread and is not imported on the main side`
  if (imported === 'index.ts')
    return importer === 'cli' ? undefined : 'only the command line imports index.ts'
  if (!(imported in rank) || !(importer in rank))
    return `${importer in rank ? imported : importer}/ has no rank`
  if (rank[imported] < rank[importer]) return undefined
  return `${importer}/ (${rank[importer]}) may not import ${imported}/ (${rank[imported]})${typesOnly ? ', not even types' : ''}`
}

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) yield* files(path)
    else if (path.endsWith('.ts')) yield path
  }
}

/** Static imports and exports with or without names, and dynamic imports of a plain text. */
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(?<type>type\s)?(?:[^'"`;]*?from\s+)?'(?<static>\.[^']+)'|import\(\s*'(?<dynamic>\.[^']+)'/g

let failures = 0
for (const file of files(source)) {
  if (file.endsWith('.test.ts')) continue
  const text = readFileSync(file, 'utf8')
  for (const { index, groups } of text.matchAll(IMPORT)) {
    const target = resolve(dirname(file), groups.static ?? groups.dynamic)
    if (!target.startsWith(source + sep)) continue
    const reason = breach(file, target, Boolean(groups.type))
    if (reason === undefined) continue
    failures++
    const line = text.slice(0, index + 1).split('\n').length
    console.error(`${relative(process.cwd(), file)}:${line}: ${reason}`)
  }
}
if (failures > 0) process.exit(1)
console.log('layout: every import follows the ranks')
