import assert from "node:assert/strict";
import { type Check, hostChecks } from "./host_checks.ts";
import { type HostFacts, hostFacts } from "./host_facts.ts";

const GOOD: HostFacts = {
  kernel: "6.18",
  python: "3.12.1",
  hasPip: true,
  kvm: { user: "root", group: "kvm", mode: "0660", api: 12, problem: null },
  namespacesProblem: null,
  hasSeccomp: true,
  landlockAbi: 7,
  openFiles: 1_048_576,
  stackBytes: 8 * 1024 * 1024,
  maxMapCount: 65_530,
  inotifyWatches: 100_000,
  dataFolder: { path: "/data", isFolder: true, writable: true, freeBytes: 100e9 },
};

Deno.test("a machine that has everything gets no advice", () => {
  for (const { name, state, hint } of hostChecks(GOOD)) {
    assert.deepEqual({ name, state, hint }, { name, state: "ok", hint: null });
  }
});

const flaws: readonly { name: string; facts: Partial<HostFacts>; state: Check["state"]; says: RegExp }[] = [
  { name: "Python", facts: { hasPip: false }, state: "missing", says: /without pip/ },
  {
    name: "Data folder",
    facts: { dataFolder: { ...GOOD.dataFolder, writable: false } },
    state: "missing",
    says: /\/data cannot be written/,
  },
  {
    name: "Data folder",
    facts: { dataFolder: { ...GOOD.dataFolder, isFolder: false } },
    state: "missing",
    says: /no(t a)? folder/,
  },
  {
    name: "Data folder",
    facts: { dataFolder: { ...GOOD.dataFolder, freeBytes: 1e6 } },
    state: "warn",
    says: /0\.0 GB/,
  },
  { name: "Open files", facts: { openFiles: 1024 }, state: "warn", says: /1024/ },
  { name: "Stack", facts: { stackBytes: 1024 * 1024 }, state: "warn", says: /1024 KB/ },
  { name: "Memory mappings", facts: { maxMapCount: 1000 }, state: "warn", says: /1000/ },
  { name: "Watched folders", facts: { inotifyWatches: 100 }, state: "warn", says: /100/ },
  { name: "KVM", facts: { kvm: null }, state: "warn", says: /no \/dev\/kvm/ },
  {
    name: "KVM",
    facts: { kvm: { ...GOOD.kvm!, api: null, problem: "Permission denied" } },
    state: "warn",
    says: /root:kvm, mode 0660: Permission denied/,
  },
  { name: "Namespaces", facts: { namespacesProblem: "Operation not permitted" }, state: "warn", says: /not permitted/ },
  { name: "seccomp", facts: { hasSeccomp: false }, state: "warn", says: /none/ },
  { name: "Landlock", facts: { landlockAbi: null }, state: "warn", says: /without/ },
];

for (const { name, facts, state, says } of flaws) {
  Deno.test(`is told, and nothing else: ${name} ${JSON.stringify(facts)}`, () => {
    const found = hostChecks({ ...GOOD, ...facts }).filter((check) => check.state !== "ok");
    assert.deepEqual(found.map((check) => [check.name, check.state]), [[name, state]]);
    assert.match(found[0].detail, says);
    assert.ok(found[0].hint);
  });
}

Deno.test("no limit is as good as a high one", () => {
  const unlimited = { openFiles: null, stackBytes: null };
  assert.ok(hostChecks({ ...GOOD, ...unlimited }).every(({ state }) => state === "ok"));
});

Deno.test("Python tells all the facts of this machine", async () => {
  const found = await hostFacts("/nothing/there", Deno.env.toObject());
  assert.ok("facts" in found, JSON.stringify(found));
  assert.deepEqual(Object.keys(found.facts).sort(), Object.keys(GOOD).sort());
  assert.equal(found.facts.dataFolder.path, "/");
});

Deno.test("where there is no Python, that is the answer", async () => {
  assert.deepEqual(await hostFacts("/data", { PATH: "/nothing" }), { problem: "python3 is not on PATH" });
});
