import { isIP, isIPv6 } from "node:net";
import { isPublicNetwork, type Network } from "./ip_ranges.ts";

/** One entry of a `net` list. */
export type Destination =
  & { readonly port: number | null }
  & ({ readonly name: string } | { readonly network: Network });

const IN_BRACKETS = /^\[([^\]]*)\](?::(\d{1,5}))?$/;
const NETWORK = /^([^/]+)\/(\d{1,3})$/;
const WITH_PORT = /^([^:]*)(?::(\d{1,5}))?$/;
const NAME = /^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/;
/** Not hosts: they would read as the policies of the same names. */
const POLICIES = ["none", "public"];

export const DESTINATIONS = "hosts, ports and networks, as in " +
  `["api.example.com:443", "*.example.org", "192.0.2.7:8080", "[2001:db8::1]:443", "10.0.0.0/8"],`;

/** null: it is none. */
export function parseDestination(text: string): Destination | null {
  const network = NETWORK.exec(text);
  if (network !== null) return ofNetwork(network[1], Number(network[2]));
  if (isIPv6(text)) return ofAddress(text, null);
  const [, host, portText] = IN_BRACKETS.exec(text) ?? WITH_PORT.exec(text) ?? [];
  if (host === undefined) return null;
  const port = portText === undefined ? null : Number(portText);
  if (port !== null && (port < 1 || port > 65535)) return null;
  if (text.startsWith("[")) return isIPv6(host) ? ofAddress(host, port) : null;
  return isIP(host) ? ofAddress(host, port) : ofName(host.toLowerCase(), port);
}

/** Without a zone: what `%eth0` says is a matter of this machine. */
function ofAddress(address: string, port: number | null): Destination | null {
  if (address.includes("%")) return null;
  return { port, network: { address, prefix: isIPv6(address) ? 128 : 32 } };
}

function ofNetwork(address: string, prefix: number): Destination | null {
  if (isIP(address) === 0 || address.includes("%") || prefix > (isIPv6(address) ? 128 : 32)) return null;
  return { port: null, network: { address, prefix } };
}

/** A name that a URL would have: an address in an odd notation is none, and would never match. */
function ofName(name: string, port: number | null): Destination | null {
  const plain = name.replace(/^\*\./, "");
  if (!NAME.test(name) || POLICIES.includes(name) || URL.parse(`http://${plain}`)?.hostname !== plain) return null;
  return { port, name };
}

/** Whether it leads to public addresses alone; a name does, because it gives no leave for others. */
export function isPublicDestination(text: string): boolean {
  const destination = parseDestination(text);
  if (destination === null) return false;
  return "network" in destination ? isPublicNetwork(destination.network) : destination.name !== LOCALHOST;
}

/** Whether it leads to the machine itself that asks for it. */
export function isLoopbackDestination(text: string): boolean {
  const destination = parseDestination(text);
  if (destination === null) return false;
  if ("name" in destination) return destination.name === LOCALHOST;
  const { address } = destination.network;
  return address === "::1" || address.startsWith("127.");
}

/** The one name that may lead to an address that is not public and not listed. */
export const LOCALHOST = "localhost";
