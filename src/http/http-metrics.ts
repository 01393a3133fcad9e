import { Counter, Gauge, Histogram, Registry } from '../monitor/prometheus.ts'

/** What the server itself counts, beside the runtime's figures. Routes are patterns: ids would make endless series. */
export class HttpMetrics {
  readonly #registry = new Registry()
  readonly #responses: Counter
  readonly #duration: Histogram

  constructor(inFlight: () => number) {
    const registers = [this.#registry]
    const gauge: Gauge = new Gauge({
      name: 'leasehold_http_requests_in_flight',
      help: 'Requests that have not been answered yet.',
      registers,
      collect: () => gauge.set(inFlight()),
    })
    this.#responses = new Counter({
      name: 'leasehold_http_responses_total',
      help: 'Responses by route and status; 499 where the client had left.',
      labelNames: ['route', 'status'],
      registers,
    })
    this.#duration = new Histogram({
      name: 'leasehold_http_request_duration_seconds',
      help: 'From the headers of a request to the end of its response.',
      labelNames: ['route'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    })
  }

  record(route: string, status: number, durationMs: number): void {
    this.#responses.inc({ route, status })
    this.#duration.observe({ route }, durationMs / 1000)
  }

  /** In the Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
