// Runs the body of a scenario in a thread or a process of its own; see levels.ts.
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { Container, provide, Token } from '../../dist/container/index.js'
import { Registry } from '../../dist/registry/index.js'

const text = parentPort === null ? (await once(process, 'message'))[0] : workerData
const module = await import(`data:text/javascript,${encodeURIComponent(`export default ${text}`)}`)
const result = await module.default({ Container, provide, Registry, Token })
if (parentPort === null) process.send(result)
else parentPort.postMessage(result)
