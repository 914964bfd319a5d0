import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Clock } from "../../clock.ts";
import { HOME, type NetPolicy } from "../../types.ts";
import { isBadPort } from "./bad_ports.ts";
import { EgressPolicy, type Target } from "./policy.ts";
import { type Asker, type Lookup, Resolver } from "./resolver.ts";

export interface EgressOptions {
  readonly clock: Clock;
  readonly lookup?: Lookup;
  /** What all of a tenant's functions may reach, now: it may have become less since a deploy. */
  readonly capOf?: (tenant: string) => NetPolicy;
  /** Of this machine's interfaces. */
  readonly ownAddresses?: () => readonly string[];
}

const OWN_KEPT_MS = 5000;
const MOST_NAME_LENGTH = 253;

const systemLookup: Lookup = async (name) => (await lookup(name, { all: true })).map(({ address }) => address);
const systemAddresses = () => Deno.networkInterfaces().map(({ address }) => address);

/** Nobody forbids it, but there are no addresses of that name. */
export class NameError extends Error {
  override readonly name = "NameError";
}

/** The way out: where a function may connect to. */
export class Egress {
  readonly #clock: Clock;
  readonly #resolver: Resolver;
  readonly #ownAddresses: () => readonly string[];
  readonly #capOf: (tenant: string) => NetPolicy;
  readonly #policies = new WeakMap<readonly string[], EgressPolicy>();
  #own = new Set<string>();
  #ownUntilMs = -Infinity;

  constructor(
    { clock, capOf = () => EVERYTHING, lookup = systemLookup, ownAddresses = systemAddresses }: EgressOptions,
  ) {
    this.#clock = clock;
    this.#capOf = capOf;
    this.#ownAddresses = ownAddresses;
    this.#resolver = new Resolver({ clock, lookup });
  }

  /**
   * The addresses that `net` lets the caller connect to for this URL. Connecting to one of these, and to no other, is
   * what makes the check hold: a name may lead elsewhere a moment later.
   */
  async addressesFor(url: URL, net: NetPolicy, asker: Asker): Promise<string[]> {
    const target = targetOf(url);
    const policy = this.#policyOf(net);
    const { tenant } = asker.function;
    const cap = this.#policyOf(this.#capOf(tenant));
    if (isBadPort(target.port)) throw new Error(`port ${target.port} is blocked`);
    if (!policy.mayResolve(target)) throw new Error(refusal(target, net));
    if (!cap.mayResolve(target)) throw new Error(capRefusal(target, tenant));
    const addresses = isIP(target.host) !== 0 ? [target.host] : await this.#resolve(asker, target.host);
    const allowed = addresses.filter((address) => policy.mayConnect(target, address, this.#isOwn(address)));
    if (allowed.length === 0) throw new Error(refusal(target, net));
    // Home's own lists may go beyond "public", others' only where their cap names it.
    if (cap === POLICIES.public && tenant === HOME) return allowed;
    const underCap = allowed.filter((address) => cap.mayConnect(target, address, this.#isOwn(address)));
    if (underCap.length === 0) throw new Error(capRefusal(target, tenant));
    return underCap;
  }

  /** Its sandbox is gone: what it had waiting is not asked for. */
  forget(asker: Asker): void {
    this.#resolver.forget(asker);
  }

  async #resolve(asker: Asker, name: string): Promise<readonly string[]> {
    if (name.length > MOST_NAME_LENGTH) throw new Error("the host's name is too long");
    try {
      return await this.#resolver.resolve(asker, name);
    } catch {
      throw new NameError(`the name ${name} cannot be resolved`);
    }
  }

  #policyOf(net: NetPolicy): EgressPolicy {
    if (typeof net === "string") return POLICIES[net];
    const policy = this.#policies.get(net) ?? new EgressPolicy(net);
    this.#policies.set(net, policy);
    return policy;
  }

  #isOwn(address: string): boolean {
    const now = this.#clock.monotonic();
    if (now >= this.#ownUntilMs) {
      this.#own = new Set(this.#ownAddresses());
      this.#ownUntilMs = now + OWN_KEPT_MS;
    }
    return this.#own.has(address);
  }
}

const EVERYTHING = ["0.0.0.0/0", "::/0"];
const POLICIES = { none: new EgressPolicy("none"), public: new EgressPolicy("public") };

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/** A name may end in the root's dot; a list does not have it. */
const targetOf = ({ hostname, port, protocol }: URL): Target => ({
  host: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname.replace(/\.$/, ""),
  port: port === "" ? DEFAULT_PORTS[protocol] : Number(port),
});

const LIST_IT = 'list the address or its network in "net" (docs/fetch-and-egress.md)';

const capRefusal = ({ host, port }: Target, tenant: string): string =>
  `${host}:${port} is beyond what the functions of ${tenant} may reach by now`;

/** Says nothing of the addresses: names that only this machine can resolve are none of the function's business. */
function refusal({ host, port }: Target, net: NetPolicy): string {
  if (net === "none") return `the function's "net" is "none"`;
  if (net === "public") {
    return `${host} is not on the public internet, and the function's "net" is "public"; ${LIST_IT}`;
  }
  return `${host}:${port} is not in the function's "net", or leads to an address that is not public and not listed; ` +
    LIST_IT;
}
