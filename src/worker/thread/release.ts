import { workerData } from 'node:worker_threads'
import { OrtApi } from '../../engine/ort-api.ts'
import { releaseSession, releaseValues } from '../../engine/native-session.ts'
import type { ReleaseData } from '../protocol.ts'

/**
 * Entry of a thread that lives for a moment: it releases the values and sessions of a thread that was killed, or died, before it
 * could do so itself. Native calls of that thread have ended by then.
 */
const { sessionAddresses, valueAddresses } = workerData as ReleaseData
const api = new OrtApi()
releaseValues(api, valueAddresses)
for (const index of sessionAddresses.keys()) releaseSession(api, sessionAddresses.subarray(index, index + 1))
