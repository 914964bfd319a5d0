import assert from "node:assert/strict";
import { HOME, type NetPolicy } from "../../types.ts";
import { Egress } from "./egress.ts";

const PUBLIC = "93.184.216.34";
const OWN_PUBLIC = "198.252.206.1";
const ASKER = { function: { tenant: HOME, name: "asks" } };
const clock = { now: () => 0, monotonic: () => 0 };

const names: Readonly<Record<string, readonly string[]>> = {
  "public.example": [PUBLIC],
  "api.example": [PUBLIC],
  "sub.api.example": [PUBLIC],
  "inside.example": ["10.1.2.3"],
  "mixed.example": ["10.1.2.3", PUBLIC, "::1"],
  "loopback.example": ["127.0.0.1"],
  "self.example": [OWN_PUBLIC],
  "localhost": ["127.0.0.1", "::1"],
};

function egress(): Egress {
  return new Egress({
    clock,
    lookup: (name) => names[name] ? Promise.resolve(names[name]) : Promise.reject(new Error("no such name")),
    ownAddresses: () => ["127.0.0.1", "::1", "10.0.0.9", OWN_PUBLIC],
  });
}

const allowed = (url: string, net: NetPolicy) => egress().addressesFor(new URL(url), net, ASKER);

Deno.test("a cap that became less since the deploy holds at once, for names too", async () => {
  let cap: NetPolicy = "public";
  const asked: string[] = [];
  const lookup = (name: string) => Promise.resolve((asked.push(name), names[name]));
  const way = new Egress({ clock, lookup, ownAddresses: () => [], capOf: () => cap });
  const asker = { function: { tenant: "acme", name: "asks" } };
  const ask = (net: NetPolicy) => way.addressesFor(new URL("http://public.example/"), net, asker);
  assert.deepEqual(await ask("public"), [PUBLIC]);
  cap = ["public.example:81", "api.example"];
  await assert.rejects(ask("public"), /beyond what the functions of acme may reach/);
  await assert.rejects(ask(["public.example"]), /beyond what the functions of acme may reach/);
  cap = "none";
  await assert.rejects(ask("public"), /beyond what/);
  assert.deepEqual(asked, ["public.example"]);
  cap = ["public.example"];
  assert.deepEqual(await ask("public"), [PUBLIC]);
});

const open: readonly [url: string, net: NetPolicy, addresses: readonly string[]][] = [
  ["http://public.example/", "public", [PUBLIC]],
  ["http://public.example./", "public", [PUBLIC]],
  ["https://mixed.example/", "public", [PUBLIC]],
  [`http://${PUBLIC}:8080/`, "public", [PUBLIC]],
  ["http://[2606:4700::1111]/", "public", ["2606:4700::1111"]],
  ["http://api.example:81/", ["api.example"], [PUBLIC]],
  ["https://api.example/", ["api.example:443"], [PUBLIC]],
  ["http://sub.api.example/", ["*.api.example"], [PUBLIC]],
  ["http://inside.example/", ["10.0.0.0/8"], ["10.1.2.3"]],
  ["http://inside.example/", ["inside.example", "10.1.2.3:80"], ["10.1.2.3"]],
  ["http://localhost:3000/", ["localhost:3000"], ["127.0.0.1", "::1"]],
  ["http://0x7f.1:3000/", ["127.0.0.1:3000"], ["127.0.0.1"]],
  ["http://[::1]:3000/", ["[::1]:3000"], ["::1"]],
];
for (const [url, net, addresses] of open) {
  Deno.test(`${url} is open where net is ${JSON.stringify(net)}`, async () => {
    assert.deepEqual(await allowed(url, net), addresses);
  });
}

const shut: readonly [url: string, net: NetPolicy][] = [
  ["http://public.example/", "none"],
  ...[
    ...["http://127.0.0.1/", "http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://127.1/"],
    ...["http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:10.0.0.1]/", "http://[::]/", "http://0.0.0.0/"],
    ...["http://169.254.169.254/latest/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[64:ff9b::7f00:1]/"],
    ...["http://localhost/", "http://loopback.example/", "http://inside.example/", "http://self.example/"],
    ...[`http://${OWN_PUBLIC}/`, "http://unknown.example/", "http://public.example:25/", `http://${"a".repeat(300)}/`],
  ].map((url): [string, NetPolicy] => [url, "public"]),
  ["http://public.example/", ["api.example"]],
  ["http://api.example/", ["api.example:443"]],
  ["https://api.example:8443/", ["api.example:443"]],
  ["http://api.example/", ["*.api.example"]],
  ["http://evilapi.example/", ["*.api.example", "api.example"]],
  ["http://inside.example/", ["inside.example"]],
  ["http://loopback.example/", ["loopback.example"]],
  ["http://inside.example/", ["10.1.2.3:8080"]],
  ["http://localhost:3001/", ["localhost:3000"]],
  ["http://10.1.2.3/", ["192.168.0.0/16"]],
  [`http://${PUBLIC}/`, ["api.example"]],
  ["http://self.example/", ["self.example", OWN_PUBLIC]],
  ["http://public.example/", []],
];
for (const [url, net] of shut) {
  Deno.test(`${url.slice(0, 60)} is shut where net is ${JSON.stringify(net)}`, async () => {
    await assert.rejects(allowed(url, net), Error);
  });
}

Deno.test("a refusal says nothing of the addresses that a name has", async () => {
  await assert.rejects(allowed("http://inside.example/", "public"), (error: Error) => !error.message.includes("10."));
});

Deno.test("a name that is not in the list is not asked for", async () => {
  const asked: string[] = [];
  const lookup = (name: string) => {
    asked.push(name);
    return Promise.resolve([PUBLIC]);
  };
  const way = new Egress({ clock, lookup, ownAddresses: () => [] });
  await assert.rejects(way.addressesFor(new URL("http://secret.leaks.example/"), ["api.example"], ASKER));
  await assert.rejects(way.addressesFor(new URL("http://secret.leaks.example/"), "none", ASKER));
  assert.deepEqual(asked, []);
});
