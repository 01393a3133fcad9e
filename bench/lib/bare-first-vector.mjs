// The least that gives one vector: the stock binding, the tokenizer, mean pooling. bare-first-vector.mjs <folder>
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '@huggingface/tokenizers'
import { InferenceSession, Tensor } from 'onnxruntime-node'

const folder = process.argv[2]
const json = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const session = await InferenceSession.create(join(folder, 'onnx', 'model_int8.onnx'))
const tokenizer = new Tokenizer(json('tokenizer.json'), json('tokenizer_config.json'))
const { ids } = tokenizer.encode('first')
const tensor = (values) => new Tensor('int64', BigInt64Array.from(values, BigInt), [1, ids.length])
const inputs = {
  input_ids: tensor(ids),
  attention_mask: tensor(ids.map(() => 1)),
  token_type_ids: tensor(ids.map(() => 0)),
}
const {
  last_hidden_state: { data, dims },
} = await session.run(inputs)
const size = dims[2]
const vector = Float32Array.from({ length: size }, (_, i) =>
  ids.reduce((sum, _, at) => sum + data[at * size + i], 0),
)
const norm = Math.hypot(...vector)
process.stdout.write(String(vector[0] / norm))
process.exit(0)
