import { createRequire } from 'node:module'
import type * as client from 'prom-client'

const load = createRequire(import.meta.url)

/**
 * What is used of prom-client, file by file: its index also loads a push gateway and OpenTelemetry's interface, which takes six
 * times as long as these and would be a tenth of the time from the start of a process to its first vector.
 */
export const Registry = load('prom-client/lib/registry.js') as typeof client.Registry
export const Counter = load('prom-client/lib/counter.js') as typeof client.Counter
export const Gauge = load('prom-client/lib/gauge.js') as typeof client.Gauge
export const Histogram = load('prom-client/lib/histogram.js') as typeof client.Histogram

export type Registry = client.Registry
export type Counter<Label extends string = string> = client.Counter<Label>
export type Gauge<Label extends string = string> = client.Gauge<Label>
export type Histogram<Label extends string = string> = client.Histogram<Label>
