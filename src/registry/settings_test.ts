import assert from "node:assert/strict";
import { DEFAULT_CAPS, functionSettings, SettingsError, type SettingsSources } from "./settings.ts";

const settings = (sources: Partial<SettingsSources>) =>
  functionSettings({ code: undefined, overrides: [], caps: DEFAULT_CAPS, home: true, tier: "wasm", ...sources });

Deno.test("every key has its default", () => {
  assert.deepEqual(settings({}), {
    timeoutMs: 30_000,
    cpuMs: 30_000,
    memoryMb: 64,
    concurrency: 64,
    queue: 256,
    bodyMb: 100,
    responseMb: 1024,
    methods: null,
    net: "public",
    env: {},
    warmup: [],
    buildTimeoutMs: 10_000,
    tier: "wasm",
    run: null,
  });
  assert.equal(settings({ tier: "vm" }).memoryMb, 256);
  assert.equal(settings({ code: { timeoutMs: 700 } }).cpuMs, 700);
});

Deno.test("mayfly.json goes before the code, and its later parts before its earlier ones", () => {
  const { timeoutMs, queue, memoryMb, env } = settings({
    code: { timeoutMs: 1, queue: 1, memoryMb: 10, env: { A: "code", B: "code", C: "code" } },
    overrides: [{ env: { B: "tenant", C: "tenant" } }, { timeoutMs: 2, queue: 2 }, { timeoutMs: 3, env: { C: "own" } }],
  });
  assert.deepEqual([timeoutMs, queue, memoryMb, env], [3, 2, 10, { A: "code", B: "tenant", C: "own" }]);
});

Deno.test("a default is never above the cap", () => {
  const caps = { ...DEFAULT_CAPS, timeoutMs: 1000, concurrency: 2, bodyMb: 1, memoryMb: 32, net: "none" } as const;
  const { timeoutMs, concurrency, bodyMb, memoryMb, net } = settings({ caps });
  assert.deepEqual([timeoutMs, concurrency, bodyMb, memoryMb, net], [1000, 2, 1, 32, "none"]);
});

const refused: readonly [code: unknown, names: RegExp][] = [
  [{ timeoutMS: 1 }, /config\.timeoutMS 1: it is unknown; .*timeoutMs/],
  [{ timeoutMs: "fast" }, /config\.timeoutMs "fast": a whole number from 1 to 60000/],
  [{ timeoutMs: 60_001 }, /timeoutMs 60001: .*60000/],
  [{ timeoutMs: 0 }, /timeoutMs 0/],
  [{ timeoutMs: -0.5 }, /timeoutMs -0.5/],
  [{ timeoutMs: Infinity }, /timeoutMs/],
  [{ timeoutMs: null }, /timeoutMs null/],
  [{ cpuMs: 60_001 }, /cpuMs 60001/],
  [{ memoryMb: 513 }, /memoryMb 513: .*512/],
  [{ memoryMb: 4096 }, /memoryMb 4096: .*2048/],
  [{ concurrency: 257 }, /concurrency 257: .*256/],
  [{ bodyMb: 101 }, /bodyMb 101: .*100/],
  [{ methods: "GET" }, /methods "GET": a list/],
  [{ methods: ["NO SPACE"] }, /methods \["NO SPACE"\]/],
  [{ net: "private" }, /net "private": "none", "public", or a list/],
  [{ net: ["host.example/path"] }, /"host.example\/path" is no destination; a list of hosts, ports and networks/],
  [{ net: ["0x7f.1"] }, /"0x7f.1" is no destination/],
  [{ net: ["public"] }, /"public" is no destination/],
  [{ env: { A: 1 } }, /env {"A":1}/],
  [{ env: { "A=B": "x" } }, /env/],
  [{ env: { A: "x\0y" } }, /env/],
  [{ warmup: ["x"] }, /warmup/],
  [{ tier: "cloud" }, /tier "cloud": "wasm" or "vm"/],
  [{ run: ["./x"] }, /run .*unknown/],
  [[], /config \[\]: an object/],
  ["x", /config "x"/],
  [{ constructor: 1 }, /config.constructor 1: it is unknown/],
  [{ queue: 1, timeoutMs: 0, memoryMB: 5, net: 7 }, /timeoutMs 0: .* \(nor can it use "memoryMB", "net"\)$/],
];

for (const [code, names] of refused) {
  Deno.test(`a config is refused by key, value and what is allowed: ${JSON.stringify(code)}`, () => {
    assert.throws(() => settings({ code }), (error) => error instanceof SettingsError && names.test(error.message));
  });
}

Deno.test("a list of destinations stays within the operator's", () => {
  const caps = { ...DEFAULT_CAPS, net: ["api.example", "10.0.0.0/8"] };
  assert.deepEqual(settings({ caps, code: { net: ["api.example"] } }).net, ["api.example"]);
  for (const net of ["public", ["other.example"]]) {
    assert.throws(() => settings({ caps, code: { net } }), /api\.example/);
  }
  const none = { ...DEFAULT_CAPS, net: "none" } as const;
  assert.throws(() => settings({ caps: none, code: { net: ["api.example"] } }), /only "none"/);
});

Deno.test("who asks for more than the operator allows is told whose limit it is, and who writes nonsense is not", () => {
  const of = (key: string) =>
    new RegExp(`; that is the operator's cap, ${key} of the tenant in functions/mayfly.json$`);
  const beyond = { timeoutMs: 60_001, cpuMs: 60_001, memoryMb: 4096, concurrency: 257, bodyMb: 101, net: ["10.0.0.1"] };
  for (const [key, value] of Object.entries(beyond)) {
    const message = of(key === "cpuMs" ? "timeoutMs" : key);
    assert.throws(() => settings({ home: false, tier: "vm", code: { [key]: value } }), message);
    assert.throws(() => settings({ home: false, tier: "vm", code: { [key]: "nonsense" } }), (error) => {
      return error instanceof SettingsError && !message.test(error.message);
    });
  }
});

Deno.test("only the home tenant, or its operator's cap, opens what is not public", () => {
  const acme = { home: false, tier: "vm" } as const;
  assert.deepEqual(settings({ code: { net: ["10.0.0.0/8", "localhost"] } }).net, ["10.0.0.0/8", "localhost"]);
  assert.deepEqual(settings({ ...acme, code: { net: ["api.example"] } }).net, ["api.example"]);
  for (const hidden of ["10.0.0.0/8", "localhost", "169.254.169.254:80", "[::1]:8000", "0.0.0.0/0", "::/0"]) {
    assert.throws(
      () => settings({ ...acme, code: { net: ["api.example", hidden] } }),
      (error) => error instanceof SettingsError && error.message.includes(`"${hidden}" is not public`),
    );
  }
  const caps = { ...DEFAULT_CAPS, net: ["10.0.0.0/8"] };
  assert.deepEqual(settings({ ...acme, caps, code: { net: ["10.0.0.0/8"] } }).net, ["10.0.0.0/8"]);
});

Deno.test("no other tenant can ask for the Wasm tier", () => {
  assert.throws(() => settings({ home: false, tier: "vm", code: { tier: "wasm" } }), /config\.tier "wasm"/);
  assert.throws(() => settings({ home: false, tier: "vm", overrides: [{ tier: "wasm" }] }), /config\.tier "wasm"/);
  assert.equal(settings({ code: { tier: "vm" } }).tier, "vm");
});

Deno.test("methods are as HTTP writes them", () => {
  assert.deepEqual(settings({ code: { methods: ["get", "POST"] } }).methods, ["GET", "POST"]);
});
