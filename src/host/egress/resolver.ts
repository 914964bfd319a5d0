import type { Clock } from "../../clock.ts";
import { LIMITS } from "../../limits.ts";
import { Gate } from "../gate.ts";
import type { HostCaller } from "../host.ts";

/** All addresses of a name, as the system has them (its hosts file included). */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** One sandbox. */
export type Asker = Pick<HostCaller, "function">;

export interface ResolverOptions {
  readonly lookup: Lookup;
  readonly clock: Clock;
  /** At once: a lookup holds a thread of Deno's own until the name's server has answered. */
  readonly mostPerTenant?: number;
  readonly mostPerFunction?: number;
  readonly keepMs?: number;
  /** Of one lookup, for who waits for it. */
  readonly mostMs?: number;
}

interface Known {
  readonly addresses: Promise<readonly string[]>;
  readonly untilMs: number;
}

const KEEP_MS = 5000;
const MOST_MS = 10_000;

/** Resolves names: the same name once for a tenant, few at once for each, and its functions in turn. */
export class Resolver {
  readonly #options: Required<ResolverOptions>;
  readonly #known = new Map<string, Known>();
  readonly #gates = new Map<string, Gate>();

  constructor(options: ResolverOptions) {
    this.#options = {
      mostPerTenant: LIMITS.lookupsPerTenant,
      mostPerFunction: LIMITS.lookupsPerFunction,
      keepMs: KEEP_MS,
      mostMs: MOST_MS,
      ...options,
    };
  }

  resolve(asker: Asker, name: string): Promise<readonly string[]> {
    const { tenant, name: line } = asker.function;
    const known = this.#find(tenant, name);
    if (known) return known;
    const answer = Promise.withResolvers<readonly string[]>();
    const work = async () => {
      const known = this.#find(tenant, name);
      if (known) return answer.resolve(known);
      const lookup = this.#options.lookup(name);
      answer.resolve(this.#keep(tenant, name, lookup));
      // Who waits may give up; the thread is taken until the system does.
      await lookup.catch(() => {});
    };
    const gate = this.#gateOf(tenant);
    gate.run(line, asker, work).catch(answer.reject).finally(() => {
      if (gate.isIdle && this.#gates.get(tenant) === gate) this.#gates.delete(tenant);
    });
    return answer.promise;
  }

  /** Its sandbox is gone. */
  forget(asker: Asker): void {
    this.#gates.get(asker.function.tenant)?.forget(asker);
  }

  #find(tenant: string, name: string): Promise<readonly string[]> | null {
    const known = this.#known.get(keyOf(tenant, name));
    return known && known.untilMs > this.#options.clock.monotonic() ? known.addresses : null;
  }

  #keep(tenant: string, name: string, lookup: Promise<readonly string[]>): Promise<readonly string[]> {
    const { clock, keepMs, mostMs } = this.#options;
    const key = keyOf(tenant, name);
    const addresses = inTime(lookup, mostMs);
    this.#known.delete(key);
    this.#known.set(key, { addresses, untilMs: Infinity });
    const settle = (known: Known | null) => {
      if (this.#known.get(key)?.addresses !== addresses) return;
      if (known) this.#known.set(key, known);
      else this.#known.delete(key);
    };
    addresses.then(() => settle({ addresses, untilMs: clock.monotonic() + keepMs }), () => settle(null));
    if (this.#known.size > LIMITS.namesKnown) this.#known.delete(this.#known.keys().next().value!);
    return addresses;
  }

  #gateOf(tenant: string): Gate {
    const { mostPerTenant, mostPerFunction } = this.#options;
    const gate = this.#gates.get(tenant) ?? new Gate(mostPerTenant, LIMITS.lookupsWaiting, mostPerFunction);
    this.#gates.set(tenant, gate);
    return gate;
  }
}

const keyOf = (tenant: string, name: string): string => `${tenant} ${name}`;

async function inTime<T>(work: Promise<T>, mostMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("nobody has answered in time")), mostMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
