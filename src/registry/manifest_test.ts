import assert from "node:assert/strict";
import { serverSettings } from "./server_settings.ts";
import { capFor, capsFor, type Manifest, parseManifest } from "./manifest.ts";
import type { TenantCaps } from "./settings.ts";

const parse = (value: unknown, tenant = "home") =>
  parseManifest(
    typeof value === "string" ? value : JSON.stringify(value, null, 2),
    tenant,
    (home) => capsFor(home, tenant),
  );

const timeouts = (manifest: Manifest, name: string) =>
  manifest.overridesFor(name).map(({ timeoutMs }) => timeoutMs).filter((value) => value !== undefined);

Deno.test("the more a pattern spells out, the more it counts", () => {
  const manifest = parse({
    functions: {
      "api/users": { timeoutMs: 4 },
      "api/u*": { timeoutMs: 3 },
      "*": { timeoutMs: 1 },
      "api/*": { timeoutMs: 2 },
    },
  });
  assert.deepEqual(timeouts(manifest, "api/users"), [1, 2, 3, 4]);
  assert.deepEqual(timeouts(manifest, "api/[id]/posts"), [1, 2]);
  assert.deepEqual(timeouts(manifest, "apis"), [1]);
});

Deno.test("a pattern is no regular expression", () => {
  const manifest = parse({ functions: { "a.c*": { timeoutMs: 1 }, "[id]*": { timeoutMs: 2 } } });
  assert.deepEqual(timeouts(manifest, "abc"), []);
  assert.deepEqual(timeouts(manifest, "[id]/x"), [2]);
});

Deno.test("a folder with run is a function", () => {
  assert.deepEqual([...parse({ functions: { shop: { run: ["./shop"] }, a: {} } }).runs], ["shop"]);
});

Deno.test("caps are the defaults, then those of all tenants, then the tenant's own", () => {
  const manifest = parse({ tenants: { "*": { timeoutMs: 5, bodyMb: 7 }, acme: { timeoutMs: 9 } } });
  assert.deepEqual([capsFor(manifest, "acme").timeoutMs, capsFor(manifest, "acme").bodyMb], [9, 7]);
  assert.deepEqual([capsFor(manifest, "other").timeoutMs, capsFor(manifest, "other").diskMb], [5, 1024]);
  for (const tenant of ["acme", "other"]) {
    for (const [name, value] of Object.entries(capsFor(manifest, tenant))) {
      assert.equal(capFor(manifest, tenant, name as keyof TenantCaps), value, `${name} of ${tenant}`);
    }
  }
});

Deno.test("an operator may raise the home tenant's own caps", () => {
  const manifest = parse({ tenants: { home: { timeoutMs: 90_000 } }, functions: { slow: { timeoutMs: 90_000 } } });
  assert.deepEqual(timeouts(manifest, "slow"), [90_000]);
});

Deno.test("server settings have defaults", () => {
  assert.deepEqual(serverSettings(parse({ server: { queue: 7 } }).server, 8000), {
    concurrency: 1024,
    queue: 7,
    memoryMb: 4000,
    domains: ["localhost"],
    drainMs: 10_000,
    dataMb: 10_240,
  });
});

const refused: readonly [text: unknown, tells: RegExp, tenant?: string][] = [
  ["{", /mayfly\.json:1:2: /],
  ["", /mayfly\.json:1:1: /],
  ['{\n  "functions": {},\n}', /mayfly\.json:3:1: /],
  ["{ // no\n }", /mayfly\.json:1:3: /],
  ["[]", /mayfly\.json:1:1: .*an object/],
  [
    '{\n  "functions": {\n    "a": { "timeoutMs": "x" }\n  }\n}',
    /mayfly\.json:3:12: Cannot use functions\.a\.timeoutMs "x"/,
  ],
  [{ servr: {} }, /mayfly\.json:2:3: Cannot use servr {}: it is unknown; .*server/],
  [{ server: { quue: 1 } }, /mayfly\.json:3:5: Cannot use server\.quue 1/],
  [{ server: { concurrency: 0 } }, /server\.concurrency 0: a whole number from 1/],
  [{ server: { domains: ["a b"] } }, /server\.domains/],
  [{ server: 1 }, /Cannot use server 1/],
  [{ tenants: { acme: { timeout: 1 } } }, /tenants\.acme\.timeout 1/],
  [{ functions: { a: { timeoutMs: 60_001 } } }, /functions\.a\.timeoutMs 60001: .*60000/],
  [{ functions: [] }, /functions/],
  [{ env: { A: 1 } }, /Cannot use env/],
  [{ server: {} }, /Cannot use server {}: it is unknown/, "acme"],
  [{ tenants: {} }, /Cannot use tenants {}: it is unknown/, "acme"],
];

for (const [value, tells, tenant] of refused) {
  Deno.test(`a wrong mayfly.json is refused with its place: ${JSON.stringify(value)} ${tenant ?? ""}`, () => {
    assert.throws(() => parse(value, tenant), tells);
  });
}
