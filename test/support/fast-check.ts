import fc from 'fast-check'

/** The same cases in each run; `PROPERTY_SEED=2 npm test` takes others. */
fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 1) })

export default fc
