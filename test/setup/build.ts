import { execFileSync } from 'node:child_process'

/** Brings dist/ up to date before the first test. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' })
}
