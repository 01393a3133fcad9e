// Loaded into a server before its own code: answers questions about its process.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  const answers = {
    cpu() {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1_000
    },
    delay() {
      const p99Ms = histogram.percentile(99) / 1e6
      histogram.reset()
      histogram.enable()
      return p99Ms
    },
  }
  process.on('message', (what) => process.send(answers[what]()))
  // Whoever measures is gone, however that came about.
  process.on('disconnect', () => process.exit())
  // It shall not keep the process alive.
  process.channel.unref()
}
