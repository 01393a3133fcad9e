import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { message, type Field } from './onnx-writer.ts'

/**
 * A cross-encoder that is small enough to be written by hand: `logit = weights · mean over the tokens of
 * tanh(word + type) + bias`. Its graph and `logitOf` are two ways to say the same, so that what the runtime answers can
 * be held against what is expected.
 */
export interface TinyCrossEncoder extends Disposable {
  readonly path: string
  /** Of a pair as the model reads it, special tokens and all. */
  logitOf(ids: readonly number[], types: readonly number[]): number
  idsOf(words: string): number[]
}

export interface TinyOptions {
  /** RoBERTa puts two separators between the texts and knows one type of tokens. @default 'bert' */
  readonly style?: 'bert' | 'roberta'
  /** Quantises the activations of a whole run, as most int8 files do: a score then depends on the neighbours in its batch. */
  readonly isDynamic?: boolean
  /** Written over `config.json`. */
  readonly config?: object
  /** @default 1 */
  readonly labels?: number
}

const WORDS = 'the a cat dog sat on mat flew over moon model lease queue batch text query'.split(' ')
const SPECIAL = { bert: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'], roberta: ['<pad>', '<unk>', '<s>', '</s>'] }
const SIZE = 8
export const TINY_MAX_TOKENS = 24

/** Writes the folder of such a model; disposing the result removes it. */
export function tinyCrossEncoder(options: TinyOptions = {}): TinyCrossEncoder {
  const { style = 'bert', isDynamic = false, labels = 1 } = options
  const special = SPECIAL[style]
  const vocabulary = [...special, ...WORDS]
  const words = numbers(vocabulary.length * SIZE, 1)
  const types = numbers(2 * SIZE, 2)
  const weights = numbers(SIZE * labels, 3)
  const path = mkdtempSync(join(tmpdir(), 'leasehold-cross-encoder-'))
  const write = (name: string, content: object | Uint8Array): void =>
    writeFileSync(
      join(path, name),
      content instanceof Uint8Array ? content : JSON.stringify(content, undefined, 1),
    )
  mkdirSync(join(path, 'onnx'))
  write(join('onnx', 'model.onnx'), graph({ words, types, weights, labels, isDynamic, style }))
  write('tokenizer.json', tokenizer(special, vocabulary, style))
  write('tokenizer_config.json', { model_max_length: TINY_MAX_TOKENS })
  write('config.json', {
    architectures: [style === 'bert' ? 'BertForSequenceClassification' : 'RobertaForSequenceClassification'],
    id2label: { 0: 'LABEL_0' },
    type_vocab_size: style === 'bert' ? 2 : 1,
    ...options.config,
  })
  return {
    path,
    idsOf: (text) => text.split(' ').map((word) => Math.max(vocabulary.indexOf(word), 1)),
    logitOf: (ids, typesOf) => {
      let logit = BIAS
      for (let k = 0; k < SIZE; k++) {
        const values = ids.map((id, i) => {
          const type = style === 'bert' ? (types[(typesOf[i] as number) * SIZE + k] as number) : 0
          return Math.tanh((words[id * SIZE + k] as number) + type)
        })
        logit += ((weights[k] as number) * values.reduce((sum, value) => sum + value, 0)) / ids.length
      }
      return logit
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  }
}

const BIAS = 0.25

/** Numbers between -2 and 2, the same in every run. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed * 7919
  return Float32Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return (state / 2 ** 31) * 4 - 2
  })
}

function tokenizer(
  special: readonly string[],
  vocabulary: readonly string[],
  style: 'bert' | 'roberta',
): object {
  const [, unknown, start, end] = special as [string, string, string, string]
  const specialToken = (id: string, type_id: number): object => ({ SpecialToken: { id, type_id } })
  const sequence = (id: string, type_id: number): object => ({ Sequence: { id, type_id } })
  const first = [specialToken(start, 0), sequence('A', 0), specialToken(end, 0)]
  const second = style === 'bert' ? 1 : 0
  const between = style === 'bert' ? [] : [specialToken(end, 0)]
  return {
    version: '1.0',
    added_tokens: special.map((content, id) => ({ id, content, special: true })),
    normalizer: { type: 'BertNormalizer', lowercase: true, clean_text: true, handle_chinese_chars: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: first,
      pair: [...first, ...between, sequence('B', second), specialToken(end, second)],
      special_tokens: Object.fromEntries(
        [start, end].map((token) => [token, { id: token, ids: [special.indexOf(token)], tokens: [token] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: unknown,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  }
}

const [FLOAT, INT64] = [1, 7]

interface GraphParts {
  readonly words: Float32Array
  readonly types: Float32Array
  readonly weights: Float32Array
  readonly labels: number
  readonly isDynamic: boolean
  readonly style: 'bert' | 'roberta'
}

/** By the field numbers of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
function graph({ words, types, weights, labels, isDynamic, style }: GraphParts): Uint8Array {
  const hasTypes = style === 'bert'
  const inputs = ['input_ids', 'attention_mask', ...(hasTypes ? ['token_type_ids'] : [])]
  const quantise = [
    operator('DynamicQuantizeLinear', ['solid'], ['quantised', 'scale', 'zero']),
    operator('DequantizeLinear', ['quantised', 'scale', 'zero'], ['states']),
  ]
  const nodes = [
    operator('Gather', ['words', 'input_ids'], ['word']),
    ...(hasTypes ? [operator('Gather', ['types', 'token_type_ids'], ['type'])] : []),
    hasTypes ? operator('Add', ['word', 'type'], ['sum']) : operator('Identity', ['word'], ['sum']),
    operator('Tanh', ['sum'], ['solid']),
    ...(isDynamic ? quantise : [operator('Identity', ['solid'], ['states'])]),
    operator('Cast', ['attention_mask'], ['mask'], integerAttribute('to', FLOAT)),
    operator('Unsqueeze', ['mask', 'lastAxis'], ['column']),
    operator('Mul', ['states', 'column'], ['masked']),
    operator('ReduceSum', ['masked', 'tokenAxis'], ['total'], integerAttribute('keepdims', 0)),
    operator('ReduceSum', ['mask', 'tokenAxis'], ['count'], integerAttribute('keepdims', 1)),
    operator('Div', ['total', 'count'], ['mean']),
    operator('MatMul', ['mean', 'weights'], ['product']),
    operator('Add', ['product', 'bias'], ['logits']),
  ]
  const initializers = [
    tensor('words', [words.length / SIZE, SIZE], FLOAT, words),
    ...(hasTypes ? [tensor('types', [2, SIZE], FLOAT, types)] : []),
    tensor('weights', [SIZE, labels], FLOAT, weights),
    tensor('bias', [labels], FLOAT, new Float32Array(labels).fill(BIAS)),
    tensor('lastAxis', [1], INT64, BigInt64Array.of(2n)),
    tensor('tokenAxis', [1], INT64, BigInt64Array.of(1n)),
  ]
  return message(
    [1, 8],
    [8, [[2, 13]]],
    [
      7,
      [
        ...nodes,
        [2, 'tiny'],
        ...initializers,
        ...inputs.map((name): Field => [11, valueInfo(name, INT64, ['batch', 'length'])]),
        [12, valueInfo('logits', FLOAT, ['batch', labels])],
      ],
    ],
  )
}

function operator(type: string, inputs: string[], outputs: string[], ...attributes: Field[]): Field {
  return [
    1,
    [
      ...inputs.map((name): Field => [1, name]),
      ...outputs.map((name): Field => [2, name]),
      [4, type],
      ...attributes,
    ],
  ]
}

/** `AttributeProto` of type INT. */
const integerAttribute = (name: string, value: number): Field => [
  5,
  [
    [1, name],
    [3, value],
    [20, 2],
  ],
]

function tensor(
  name: string,
  dimensions: readonly number[],
  type: number,
  data: Float32Array | BigInt64Array,
): Field {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return [5, [...dimensions.map((size): Field => [1, size]), [2, type], [8, name], [9, bytes]]]
}

function valueInfo(name: string, type: number, axes: readonly (string | number)[]): Field[] {
  const shape = axes.map((axis): Field => [1, [typeof axis === 'string' ? [2, axis] : [1, axis]]])
  return [
    [1, name],
    [
      2,
      [
        [
          1,
          [
            [1, type],
            [2, shape],
          ],
        ],
      ],
    ],
  ]
}
