import { NO_USAGE } from "../../src/outcome.ts";
import type { Deployment, FunctionEntry, Functions, RouteMatch, SourceExtent } from "../../src/registry/function.ts";
import type { ResponseSink, Snapshot } from "../../src/tiers/tier.ts";
import type { FunctionSettings, HandlerKind, Invocation, Outcome, Usage } from "../../src/types.ts";

export const SETTINGS: FunctionSettings = {
  timeoutMs: 5000,
  cpuMs: 5000,
  memoryMb: 64,
  concurrency: 64,
  queue: 256,
  bodyMb: 1,
  responseMb: 1024,
  methods: null,
  net: "public",
  env: {},
  warmup: [],
  buildTimeoutMs: 1000,
  tier: "wasm",
  run: null,
};

export const usage = (): Usage => ({ ...NO_USAGE, start: "warm" });

export const ok = (status = 200): Outcome => ({ code: "ok", status, usage: usage() });

type Body = (invocation: Invocation, sink: ResponseSink) => Outcome | Promise<Outcome>;

/** A snapshot that is a function of the test. */
export class FakeSnapshot implements Snapshot {
  running = 0;
  constructor(readonly body: Body) {}

  run(invocation: Invocation, sink: ResponseSink, onSettled: () => void): Outcome | Promise<Outcome> {
    this.running++;
    const settle = (outcome: Outcome) => {
      this.running--;
      onSettled();
      return outcome;
    };
    const outcome = this.body(invocation, sink);
    return outcome instanceof Promise ? outcome.then(settle) : settle(outcome);
  }

  moved(): void {}

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

export function entry(
  name: string,
  body: Body,
  options: { settings?: Partial<FunctionSettings>; kind?: HandlerKind; tenant?: string } = {},
): FunctionEntry {
  const active: Deployment = {
    version: "v1",
    kind: options.kind ?? "handler",
    settings: { ...SETTINGS, ...options.settings },
    language: "js",
    why: null,
    snapshot: new FakeSnapshot(body),
  };
  return {
    id: { tenant: options.tenant ?? "home", name },
    file: `${name}.ts`,
    route: `/${name}`,
    state: "ready",
    active,
    rolledBackFrom: null,
    unavailable: null,
    error: null,
  };
}

/** A table of exact paths, and of apps that own what is below theirs. */
export class FakeFunctions implements Functions {
  constructor(readonly entries: FunctionEntry[]) {}

  match(tenant: string, path: string): RouteMatch | null {
    for (const entry of this.entries) {
      if (entry.id.tenant !== tenant) continue;
      const isApp = entry.active?.kind === "fetch";
      if (path === entry.route || (isApp && path.startsWith(`${entry.route}/`))) {
        return { entry, params: null, mount: isApp ? entry.route : "" };
      }
    }
    return null;
  }
  hasTenant(tenant: string): boolean {
    return this.entries.some(({ id }) => id.tenant === tenant);
  }
  get({ tenant, name }: FunctionEntry["id"]): FunctionEntry | null {
    return this.entries.find(({ id }) => id.tenant === tenant && id.name === name) ?? null;
  }
  list(): FunctionEntry[] {
    return this.entries;
  }
  problems(): string[] {
    return [];
  }
  load({ active }: FunctionEntry): Promise<Snapshot> {
    const snapshot = active?.snapshot;
    return snapshot ? Promise.resolve(snapshot) : Promise.reject(new Error("It has no snapshot"));
  }
  versions() {
    return Promise.resolve([]);
  }
  rollback(): Promise<string> {
    return Promise.reject(new Error("It has no versions"));
  }
  source(): Promise<SourceExtent | null> {
    return Promise.resolve({ path: "hello.ts", files: 1 });
  }
  remove(): Promise<SourceExtent> {
    return Promise.resolve({ path: "hello.ts", files: 1 });
  }
}
