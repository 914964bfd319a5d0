import type { OutcomeCode } from "../errors.ts";
import { type FunctionId, qualifiedName, type StartKind, type TierName } from "../types.ts";
import type { Event, RequestEvent } from "./events.ts";
import { vmFigures, wasmFigures } from "./engine_figures.ts";
import { Histogram } from "./histogram.ts";
import { family, histogramSamples, sample } from "./prometheus.ts";
import { TenantUse } from "./tenant_use.ts";

/** What is asked when somebody reads the metrics. */
export interface MetricSources {
  running(): number;
  waiting(): number;
  /** How many functions are in each state. */
  functions(): Readonly<Record<string, number>>;
  /** null until the engine is open. */
  engine(): Readonly<Record<string, number>> | null;
  /** What the cells count, in all. */
  vm(): Promise<Readonly<Record<string, number>>>;
  logLinesDropped(): number;
  loopDelayMs(): number;
  residentBytes(): number;
}

type Starts = Record<StartKind, number>;
const noStarts = (): Starts => ({ warm: 0, clone: 0, cold: 0 });

/** What is known of one function's requests. */
class Series {
  readonly codes: Partial<Record<OutcomeCode, number>> = {};
  readonly starts = noStarts();
  readonly duration = new Histogram();
  constructor(readonly name: string) {}
}

const SERIES_AT_ONCE = 20;
/** Counts what happens, and tells it as Prometheus' text. A function has lines once it was called. */
export class Metrics {
  readonly #sources: MetricSources;
  readonly #byName = new Map<string, Series>();
  /** A function's id is one object while it lives: no name is put together for a request. */
  #byId = new WeakMap<FunctionId, Series>();
  readonly #nobody = new Series("");
  readonly #byTier = new Map<TierName, Starts>([["wasm", noStarts()], ["vm", noStarts()]]);
  readonly #tenants = new TenantUse();
  readonly #deploys = { ready: 0, failed: 0 };

  constructor(sources: MetricSources) {
    this.#sources = sources;
  }

  readonly hear = (event: Event): void => {
    if (event.type === "request") this.#count(event);
    else if (event.type === "deploy" && event.state !== "building") this.#deploys[event.state]++;
    else if (event.type === "removed") this.#forget(event.id);
  };

  /** In pieces, so that 10,000 functions' lines do not hold up the event loop. */
  async *text(): AsyncGenerator<string> {
    yield* this.#server(await this.#sources.vm());
    yield* this.#perFunction(
      family("mayfly_requests_total", "counter", "Requests that ended, by function and outcome."),
      ({ name, codes }) =>
        Object.entries(codes).map(([code, count]) => sample("mayfly_requests_total", count, { function: name, code }))
          .join(""),
      [this.#nobody],
    );
    yield* this.#perFunction(
      family("mayfly_starts_total", "counter", "Sandboxes that requests started in, by how they were made."),
      ({ name, starts }) =>
        Object.entries(starts).map(([start, count]) => sample("mayfly_starts_total", count, { function: name, start }))
          .join(""),
    );
    yield* this.#perFunction(
      family("mayfly_request_duration_seconds", "histogram", "From a request's arrival to its response's last byte."),
      ({ name, duration }) => histogramSamples("mayfly_request_duration_seconds", duration, { function: name }),
    );
  }

  #count(event: RequestEvent): void {
    const { id, tier, outcome, wallMs } = event;
    const series = id === null ? this.#nobody : this.#byId.get(id) ?? this.#seriesOf(id);
    series.codes[outcome.code] = (series.codes[outcome.code] ?? 0) + 1;
    series.duration.add(wallMs);
    const start = outcome.usage?.start;
    if (start) series.starts[start]++;
    if (id === null) return;
    this.#tenants.add(id.tenant, event);
    const ofTier = tier && this.#byTier.get(tier);
    if (ofTier && start) ofTier[start]++;
  }

  #seriesOf(id: FunctionId): Series {
    const name = qualifiedName(id);
    let series = this.#byName.get(name);
    if (series === undefined) this.#byName.set(name, series = new Series(name));
    this.#byId.set(id, series);
    return series;
  }

  #forget(id: FunctionId): void {
    this.#byName.delete(qualifiedName(id));
    this.#byId = new WeakMap();
  }

  *#server(vm: Readonly<Record<string, number>>): Generator<string> {
    const { running, waiting, functions, engine, logLinesDropped, loopDelayMs, residentBytes } = this.#sources;
    const gauge = (name: string, help: string, value: number) => family(name, "gauge", help) + sample(name, value);
    const counter = (name: string, help: string, value: number) => family(name, "counter", help) + sample(name, value);

    yield gauge("mayfly_requests_running", "Requests that run now.", running());
    yield gauge("mayfly_requests_waiting", "Requests that wait for their turn.", waiting());
    yield family("mayfly_functions", "gauge", "Functions, by the state of their last build.");
    for (const [state, count] of Object.entries(functions())) yield sample("mayfly_functions", count, { state });
    yield family("mayfly_deploys_total", "counter", "Deploys that ended, by how they did.");
    for (const [state, count] of Object.entries(this.#deploys)) yield sample("mayfly_deploys_total", count, { state });
    yield counter("mayfly_log_lines_dropped_total", "Lines that no log has.", logLinesDropped());
    yield gauge("mayfly_event_loop_delay_seconds", "The longest of late.", loopDelayMs() / 1000);
    yield gauge("process_resident_memory_bytes", "Memory of the server's process.", residentBytes());
    yield* wasmFigures(engine() ?? {});
    yield* vmFigures(vm);
    yield family("mayfly_tier_starts_total", "counter", "Sandboxes that requests started in, by tier.");
    for (const [tier, starts] of this.#byTier) {
      for (const [start, count] of Object.entries(starts)) {
        yield sample("mayfly_tier_starts_total", count, { tier, start });
      }
    }
    yield* this.#tenants.text();
  }

  *#perFunction(head: string, linesOf: (series: Series) => string, more: readonly Series[] = []): Generator<string> {
    let text = head;
    let count = 0;
    for (const series of [...this.#byName.values(), ...more]) {
      text += linesOf(series);
      if (++count % SERIES_AT_ONCE === 0) {
        yield text;
        text = "";
      }
    }
    if (text !== "") yield text;
  }
}
