// What is written today: a pipeline of transformers.js, called in a request handler of Fastify.
import { basename, dirname } from 'node:path'
import { env, pipeline } from '@huggingface/transformers'
import fastify from 'fastify'

const { source, dtype, port } = JSON.parse(process.argv[2])
env.allowRemoteModels = false
env.localModelPath = dirname(source)
const extract = await pipeline('feature-extraction', basename(source), { dtype, device: 'cpu' })

const app = fastify()
app.post('/v1/embeddings', async ({ body: { input, model } }) => {
  const output = await extract([input].flat(), { pooling: 'mean', normalize: true })
  const [count, size] = output.dims
  const data = Array.from({ length: count }, (_, index) => {
    const vector = output.data.subarray(index * size, (index + 1) * size)
    const embedding = Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64')
    return { object: 'embedding', index, embedding }
  })
  return { object: 'list', data, model }
})
app.get('/readyz', () => 'ready')
await app.listen({ port, host: '127.0.0.1' })
