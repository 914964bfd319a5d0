import assert from "node:assert/strict";
import { isPublicAddress, isPublicNetwork } from "./ip_ranges.ts";

const HIDDEN = [
  ...["0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "169.254.169.254"],
  ...["172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"],
  ...["198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
  ...["::", "::1", "::7f00:1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::ffff:7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1"],
  ...["100::1", "2001::1", "2001:2::1", "2001:20::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "fc00::1", "fd00::1"],
  ...["fe80::1", "fec0::1", "ff02::1", "5f00::1"],
];
const PUBLIC = [
  ...["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1", "169.253.0.1"],
  ...["172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0", "198.17.0.1", "223.255.255.255"],
  ...["2001:200::1", "2001:4860:4860::8888", "2606:4700::1111", "2a00:1450:4001::1"],
];

for (const address of HIDDEN) {
  Deno.test(`an address is not public: ${address}`, () => assert(!isPublicAddress(address)));
}
for (const address of PUBLIC) Deno.test(`an address is public: ${address}`, () => assert(isPublicAddress(address)));

const networks: readonly [address: string, prefix: number, isPublic: boolean][] = [
  ["8.8.8.0", 24, true],
  ["8.0.0.0", 6, false],
  ["0.0.0.0", 0, false],
  ["192.0.0.0", 8, false],
  ["10.1.0.0", 16, false],
  ["2606:4700::", 32, true],
  ["2000::", 3, false],
  ["2001:4860::", 16, false],
  ["::", 0, false],
];
for (const [address, prefix, isPublic] of networks) {
  Deno.test(`a network is public when all of it is: ${address}/${prefix}`, () => {
    assert.equal(isPublicNetwork({ address, prefix }), isPublic);
  });
}
