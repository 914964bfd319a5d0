import type { NetPolicy } from "../../types.ts";
import { type Destination, LOCALHOST, parseDestination } from "./destination.ts";
import { isPublicAddress, NetworkSet } from "./ip_ranges.ts";

/** A name of a URL, or an address without brackets. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

type Named = Extract<Destination, { name: string }>;

/** Where one function may go. Both questions have to be answered with yes: of the name, and of each address of it. */
export class EgressPolicy {
  readonly #net: NetPolicy;
  readonly #names: readonly Named[];
  readonly #networks: readonly { readonly port: number | null; readonly set: NetworkSet }[];

  constructor(net: NetPolicy) {
    this.#net = net;
    const destinations = typeof net === "string" ? [] : net.flatMap((text) => parseDestination(text) ?? []);
    this.#names = destinations.filter((destination): destination is Named => "name" in destination);
    this.#networks = destinations.flatMap((destination) =>
      "network" in destination ? { port: destination.port, set: new NetworkSet([destination.network]) } : []
    );
  }

  /** Before anything is resolved: a name that is asked for is a message to whoever answers for it. */
  mayResolve(target: Target): boolean {
    if (this.#net === "none") return false;
    return this.#net === "public" || this.#isNamed(target) || this.#networks.length > 0;
  }

  /** `isOwn`: it is one of this machine's. */
  mayConnect(target: Target, address: string, isOwn: boolean): boolean {
    if (this.#net === "none") return false;
    const isOpen = isPublicAddress(address);
    // A machine's own public address leads to what listens here, past every firewall.
    if (isOpen && isOwn) return false;
    if (this.#isListed(address, target.port)) return true;
    if (this.#net === "public") return isOpen;
    return this.#isNamed(target) && (isOpen || (target.host === LOCALHOST && new NetworkSet(LOOPBACK).has(address)));
  }

  #isListed(address: string, port: number): boolean {
    return this.#networks.some((network) => (network.port ?? port) === port && network.set.has(address));
  }

  #isNamed({ host, port }: Target): boolean {
    return this.#names.some((named) => (named.port ?? port) === port && matches(named.name, host));
  }
}

const LOOPBACK = [{ address: "127.0.0.0", prefix: 8 }, { address: "::1", prefix: 128 }];

/** `*.example.org` is every name below it, and not itself. */
const matches = (name: string, host: string): boolean =>
  name.startsWith("*.") ? host.endsWith(name.slice(1)) && host.length >= name.length : name === host;
