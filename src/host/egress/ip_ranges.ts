import { BlockList, isIPv6 } from "node:net";

export interface Network {
  readonly address: string;
  readonly prefix: number;
}

const network = (text: string): Network => {
  const [address, prefix] = text.split("/");
  return { address, prefix: Number(prefix) };
};

/** Where no public service can be, as IANA's registry of special-purpose addresses has it. */
const SPECIAL: readonly Network[] = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"],
  ...["192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"],
  ...["224.0.0.0/4", "240.0.0.0/4"],
  // Within 2000::/3: protocols of their own (Teredo among them), documentation, and 6to4, which can lead anywhere.
  ...["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"],
].map(network);

/**
 * All of IPv6 that is public. What is outside needs no list: loopback, link-local, unique local, multicast, and the
 * forms that carry an IPv4 address (mapped, NAT64).
 */
const GLOBAL_IPV6 = network("2000::/3");

const familyOf = (address: string) => isIPv6(address) ? "ipv6" : "ipv4";

/** A set of networks. An IPv4 address that is mapped into IPv6 counts as the IPv4 address. */
export class NetworkSet {
  readonly #list = new BlockList();

  constructor(networks: Iterable<Network> = []) {
    for (const { address, prefix } of networks) this.#list.addSubnet(address, prefix, familyOf(address));
  }

  has(address: string): boolean {
    return this.#list.check(address, familyOf(address));
  }
}

const special = new NetworkSet(SPECIAL);
const globalIpv6 = new NetworkSet([GLOBAL_IPV6]);

export const isPublicAddress = (address: string): boolean =>
  !special.has(address) && (!isIPv6(address) || globalIpv6.has(address));

/** Whether every address of it is public: one network overlaps another when it has the other's first address. */
export function isPublicNetwork(network: Network): boolean {
  if (!isPublicAddress(network.address)) return false;
  if (isIPv6(network.address) && network.prefix < GLOBAL_IPV6.prefix) return false;
  const inside = new NetworkSet([network]);
  return !SPECIAL.some(({ address }) => isIPv6(address) === isIPv6(network.address) && inside.has(address));
}
