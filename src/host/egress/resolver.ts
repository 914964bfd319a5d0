import type { Clock } from "../../clock.ts";

/** All addresses of a name, as the system has them (its hosts file included). */
export type Lookup = (name: string) => Promise<readonly string[]>;

export interface ResolverOptions {
  readonly lookup: Lookup;
  readonly clock: Clock;
  /** Of one tenant at once: a lookup holds a thread of Deno's own until the name's server has answered. */
  readonly mostPerTenant?: number;
  readonly keepMs?: number;
}

interface Known {
  readonly addresses: Promise<readonly string[]>;
  readonly untilMs: number;
}

const MOST_PER_TENANT = 8;
const KEEP_MS = 5000;
const MOST_KNOWN = 2048;

/** Resolves names: the same name once for all who ask at the same time, and few at once for each tenant. */
export class Resolver {
  readonly #options: Required<ResolverOptions>;
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, { running: number; queue: (() => void)[] }>();

  constructor(options: ResolverOptions) {
    this.#options = { mostPerTenant: MOST_PER_TENANT, keepMs: KEEP_MS, ...options };
  }

  resolve(tenant: string, name: string): Promise<readonly string[]> {
    const { clock, keepMs } = this.#options;
    const key = `${tenant} ${name}`;
    const now = clock.monotonic();
    const known = this.#known.get(key);
    if (known && known.untilMs > now) return known.addresses;
    const addresses = this.#lookUp(tenant, name);
    this.#known.delete(key);
    this.#known.set(key, { addresses, untilMs: now + keepMs });
    addresses.catch(() => this.#known.delete(key));
    if (this.#known.size > MOST_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    return addresses;
  }

  async #lookUp(tenant: string, name: string): Promise<readonly string[]> {
    const { lookup, mostPerTenant } = this.#options;
    const line = this.#waiting.get(tenant) ?? { running: 0, queue: [] };
    this.#waiting.set(tenant, line);
    if (line.running === mostPerTenant) await new Promise<void>((resolve) => line.queue.push(resolve));
    else line.running++;
    try {
      return await lookup(name);
    } finally {
      // Who waits takes the place over.
      const next = line.queue.shift();
      if (next) next();
      else if (--line.running === 0) this.#waiting.delete(tenant);
    }
  }
}
