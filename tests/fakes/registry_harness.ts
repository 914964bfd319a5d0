import { dirname, join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { type Event, Events } from "../../src/observe/events.ts";
import { Bundler } from "../../src/registry/bundler.ts";
import type { FunctionEntry } from "../../src/registry/function.ts";
import { Npm } from "../../src/registry/npm.ts";
import { pythonParts } from "../../src/registry/python_parts.ts";
import { Registry } from "../../src/registry/registry.ts";
import { WATCH_TIMES } from "../../src/registry/watcher.ts";
import { parseQualifiedName } from "../../src/types.ts";
import { BuildTier, type FakeBuilt } from "./build_tier.ts";
import { MemoryStore } from "./memory_store.ts";
import { PlainMirror } from "./plain_mirror.ts";

const DENO = "/proc/self/exe";
const GIVE_UP_MS = 30_000;

/** A registry on real folders, with the real watcher and bundler; only the tier, the store and the copying are fakes. */
export class RegistryHarness implements AsyncDisposable {
  readonly functions: string;
  readonly data: string;
  readonly store = new MemoryStore();
  readonly tier = new BuildTier("wasm");
  /** Cannot run here, unless a test lets it. */
  readonly vm = new BuildTier("vm", "there is no KVM");
  readonly fs = new PlainMirror();
  readonly events: Event[] = [];
  registry!: Registry;
  #bundler!: Bundler;

  private constructor(readonly root: string) {
    this.functions = join(root, "functions");
    this.data = join(root, "data");
  }

  static async start(files: Readonly<Record<string, string>> = {}): Promise<RegistryHarness> {
    const harness = new RegistryHarness(await Deno.makeTempDir({ prefix: "mayfly-registry-" }));
    await Deno.mkdir(harness.functions);
    await harness.drop(files);
    await harness.up();
    await harness.registry.settled();
    return harness;
  }

  async up(): Promise<void> {
    const { data, functions, store, tier, vm, fs } = this;
    const env = Deno.env.toObject();
    const limits = { timeoutMs: 30_000, memoryBytes: 2 ** 30, idleMs: 500 };
    this.#bundler = new Bundler({ deno: DENO, env, memoryOf: () => 0, ...limits });
    const npm = new Npm({
      deno: DENO,
      env,
      folder: join(data, "deno"),
      timeoutMs: 30_000,
      mostBytes: 2 ** 30,
      toldAfterMs: 30_000,
    });
    const events = new Events();
    events.on((event) => this.events.push(event));
    const parts = {
      clock: systemClock,
      events,
      store,
      fs,
      bundler: this.#bundler,
      npm,
      python: pythonParts({
        env,
        folder: join(data, "python"),
        pack: (to) => Deno.writeTextFile(to, "packed"),
        pythonOf: () => Promise.resolve("3"),
      }),
      tiers: { wasm: tier, vm },
      builds: 2,
    };
    // No look of its own: what is not heard of is not seen.
    const times = { ...WATCH_TIMES, fullLookMs: 1e9, identityMs: 50 };
    this.registry = new Registry({ functions, data, times, ...parts });
    await this.registry.start();
  }

  async down(): Promise<void> {
    await this.registry[Symbol.asyncDispose]();
    await this.#bundler[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await Deno.remove(this.root, { recursive: true });
  }

  async drop(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(this.functions, path)), { recursive: true });
      await Deno.writeTextFile(join(this.functions, path), text);
    }
  }

  entry(name: string): FunctionEntry | null {
    return this.registry.get(parseQualifiedName(name));
  }

  /** The text of the bundle that serves. */
  async text(name: string): Promise<string | null> {
    const entry = this.entry(name);
    if (!entry?.active) return null;
    return ((await this.registry.load(entry)) as FakeBuilt).text;
  }

  async until<T>(what: string, check: () => T | Promise<T>): Promise<NonNullable<T>> {
    const giveUpAt = Date.now() + GIVE_UP_MS;
    for (;;) {
      const found = await check();
      if (found) return found;
      if (Date.now() > giveUpAt) throw new Error(`Cannot wait any longer until ${what}: ${this.#describe()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Waits until the bundle that serves has a text in it. */
  async serves(name: string, part: string): Promise<void> {
    await this.until(`${name} serves ${part}`, async () => (await this.text(name))?.includes(part));
  }

  async fails(name: string, error: RegExp): Promise<FunctionEntry> {
    return await this.until(`${name} fails with ${error}`, () => {
      const entry = this.entry(name);
      return entry?.state === "failed" && error.test(entry.error ?? "") ? entry : null;
    });
  }

  async gone(name: string): Promise<void> {
    await this.until(`${name} is gone`, () => this.entry(name) === null);
  }

  #describe(): string {
    return JSON.stringify(this.registry.list().map(({ id, state, error }) => [id.name, state, error])) +
      JSON.stringify(this.events.slice(-5));
  }
}
