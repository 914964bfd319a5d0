import assert from "node:assert/strict";
import { isLoopbackDestination, parseDestination } from "./destination.ts";

const ipv4 = (address: string, port: number | null = null) => ({ port, network: { address, prefix: 32 } });
const ipv6 = (address: string, port: number | null = null) => ({ port, network: { address, prefix: 128 } });

const destinations: Readonly<Record<string, unknown>> = {
  "api.example.com": { port: null, name: "api.example.com" },
  "API.example.com:443": { port: 443, name: "api.example.com" },
  "*.example.org": { port: null, name: "*.example.org" },
  "localhost:3000": { port: 3000, name: "localhost" },
  "xn--bcher-kva.example": { port: null, name: "xn--bcher-kva.example" },
  "192.0.2.7": ipv4("192.0.2.7"),
  "192.0.2.7:8080": ipv4("192.0.2.7", 8080),
  "2001:db8::1": ipv6("2001:db8::1"),
  "[2001:db8::1]": ipv6("2001:db8::1"),
  "[2001:db8::1]:443": ipv6("2001:db8::1", 443),
  "10.0.0.0/8": { port: null, network: { address: "10.0.0.0", prefix: 8 } },
  "fd00::/8": { port: null, network: { address: "fd00::", prefix: 8 } },
};
for (const [text, destination] of Object.entries(destinations)) {
  Deno.test(`a destination is understood: ${text}`, () => assert.deepEqual(parseDestination(text), destination));
}

const NONSENSE = [
  ...[
    "",
    " ",
    "a b",
    "http://a.example",
    "a.example/",
    "a.example/path",
    "user@a.example",
    "a.example:0",
    "a.example:",
  ],
  ...["a.example:65536", "a.example:http", ":443", "*", "*.", "a.*.example", "*a.example", ".example", "a.example."],
  ...["public", "none", "0x7f.1", "2130706433", "127.1", "010.0.0.1", "1.2.3.4.5", "10.0.0.0/33", "10.0.0.0/", "10/8"],
  ...["a.example/8", "::1/129", "[::1", "[::1]x", "[a.example]:80", "[1.2.3.4]", "fe80::1%eth0", "[fe80::1%25eth0]:80"],
  ...["a\n.example", "a\0.example", "bücher.example", "10.0.0.0/8:80", "-", "a..example:80:80"],
];
for (const text of NONSENSE) {
  Deno.test(`what is no destination is none: ${JSON.stringify(text)}`, () =>
    assert.equal(parseDestination(text), null));
}

Deno.test("loopback is known by its name and by its addresses", () => {
  const own = ["localhost", "LOCALHOST:80", "127.0.0.1:9320", "127.8.0.0/16", "::1", "[::1]:80"];
  const others = ["localhost.example.com", "10.0.0.1", "[2001:db8::1]:443", "128.0.0.1", "no destination"];
  assert.deepEqual([...own, ...others].filter(isLoopbackDestination), own);
});
