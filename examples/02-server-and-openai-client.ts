// Starts the server as a process of its own and asks it for vectors with the client of OpenAI.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import OpenAI, { BadRequestError } from 'openai'

// At a prompt this is `npm start`, or `leasehold serve` where the package is installed. Port 0 takes any free one.
const server = spawn(process.execPath, ['bin/leasehold.cjs', 'serve', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let url: string | undefined
for await (const line of createInterface({ input: server.stdout })) {
  url = /http:\/\/[\d.:]+/.exec(line)?.[0]
  if (url) break
}
if (url === undefined) throw new Error('The server did not start.')

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'this server asks for none' })
for await (const { id } of client.models.list()) console.log(`model: ${id}`)

const { data, usage } = await client.embeddings.create({
  model: 'all-MiniLM-L6-v2',
  input: ['a cat on the mat', 'a kitten on a rug'],
})
console.log(`${data.length} vectors of ${data[0]?.embedding.length} values for ${usage.prompt_tokens} tokens`)

// An error names the field and says what would be right.
const refusal = await client.embeddings
  .create({ model: 'all-MiniLM-L6-v2', input: 'text', dimensions: 1_000_000 })
  .catch((error: unknown) => error)
if (!(refusal instanceof BadRequestError)) throw new Error('So many dimensions should have been refused.')
console.log(refusal.message)

// What is in flight is answered, then it ends.
server.kill('SIGTERM')
const [code] = (await once(server, 'exit')) as [number | null]
if (code !== 0) throw new Error(`The server ended with ${code}.`)
