import { serve } from '../thread/serve.ts'
import { ParentPort } from './parent-port.ts'

/**
 * Entry of a child process with a resident. A run holds its only thread up, so messages are read between runs, and there is
 * one run at a time. It ends when it is told to close, when it is killed, and when its parent is gone.
 */
async function serveProcess(): Promise<void> {
  const port = new ParentPort()
  process.on('disconnect', () => process.exit())
  // A terminal sends these to all processes of a group. When to end is for the parent to say, which may have work here.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  const data = await port.loadData
  await serve({
    port,
    data,
    async engine() {
      const { stockSessions } = await import('../../engine/stock-session.ts')
      return stockSessions(data.intraOpThreads, () => port.flush())
    },
    onRunsChanged(activeRuns) {
      // The process has no other purpose: all of it counts.
      port.send({ type: 'gauges', activeRuns, memoryBytes: process.memoryUsage.rss() })
    },
  })
}

await serveProcess()
