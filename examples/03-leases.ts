// A lease pins one generation of a model: while it is held, nothing unloads, swaps or evicts what it stands for.
import { createRuntime } from 'leasehold'

await using runtime = await createRuntime({
  models: { minilm: { task: 'embed', source: './models/all-MiniLM-L6-v2' } },
})

{
  using lease = await runtime.lease('minilm')
  console.log(`generation ${lease.generation} of ${lease.servedBy}`)

  // The unload waits for the lease, requests of others go on, and this generation answers to the end.
  const unloaded = runtime.unload('minilm')
  const { dimensions } = await lease.model.embed!(['still here'])
  console.log(`${dimensions} values from generation ${lease.generation}`)

  lease.release() // or the end of this block, whichever comes first
  console.log(`unloaded: ${await unloaded}`)
}

// Plain JavaScript on Node 20 has no `using`; this releases whatever happens.
const generation = await runtime.withLease('minilm', ({ generation }) => generation)
console.log(`generation ${generation}: the model was loaded anew`)

if (generation !== 2) throw new Error('A load makes a new generation.')
