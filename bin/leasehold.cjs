#!/usr/bin/env node
// CommonJS on purpose: loading an ES module may already use libuv's pool, whose size counts only before its first use.
// Model runs need as many threads as there are cores; files, DNS and LMDB keep their four.
'use strict'
const { availableParallelism } = require('node:os')
process.env.UV_THREADPOOL_SIZE ??= String(availableParallelism() + 4)
void import('../dist/cli/main.js').then(({ main }) => main(process.argv))
