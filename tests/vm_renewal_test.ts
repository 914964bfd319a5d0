import assert from "node:assert/strict";
import { join } from "node:path";
import { Native } from "../ffi/native.ts";
import { openShim } from "../ffi/symbols.ts";
import { systemClock } from "../src/clock.ts";
import { Deadlines } from "../src/deadlines.ts";
import { hostOf } from "../src/host/host.ts";
import { startSetup } from "../src/setup/setup.ts";
import type { ResponseSink, Snapshot } from "../src/tiers/tier.ts";
import { VmTier } from "../src/tiers/vm/vm_tier.ts";
import { openVmTier } from "../src/vm_tier.ts";
import { SETTINGS } from "./fakes/fake_tier.ts";
import { until } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const CODE = new TextEncoder().encode(`
  let count = 0;
  export default () => new Response(String(++count));`);

async function answerOf(snapshot: Snapshot): Promise<string> {
  let text = "";
  const sink: ResponseSink = {
    head() {},
    chunk: (bytes) => void (text += new TextDecoder().decode(bytes)),
    end() {},
    log() {},
  };
  const outcome = await snapshot.run(
    {
      requestId: "r",
      method: "GET",
      url: "http://x/",
      headers: "",
      params: null,
      mount: "",
      body: null,
      deadlineMs: systemClock.monotonic() + 60_000,
      queueMs: 0,
      signal: new AbortController().signal,
    },
    sink,
    () => {},
  );
  return `${outcome.code} ${text}`;
}

Deno.test("a snapshot that is a day old is made anew with a new runtime, and serves meanwhile and after", {
  ignore: WITHOUT_KVM,
}, async () => {
  await using closing = new AsyncDisposableStack();
  const data = await Deno.makeTempDir();
  closing.defer(() => Deno.remove(data, { recursive: true }));
  const env = Deno.env.toObject();
  const setup = startSetup({ progress: () => {}, env });
  const symbols = openShim((await setup.shim).library);
  const native = new Native(symbols);
  let skewMs = 0;
  const clock = { now: () => systemClock.now() + skewMs, monotonic: systemClock.monotonic };
  const troubles: string[] = [];
  const tier = await openVmTier({
    setup,
    symbols,
    folder: data,
    env,
    cores: 2,
    clock,
    deadlines: new Deadlines(systemClock),
    host: hostOf({}),
    memoryOf: (pid) => native.ownMemory(pid),
    memoryBytesOf: () => 2 ** 31,
    cpuShareOf: () => 1,
    onTrouble: (message) => troubles.push(message),
  });
  closing.defer(() => tier.close());
  assert.ok(tier instanceof VmTier, tier.unavailable ?? "");
  const folder = join(data, "versions", "acme", "f", "v");
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeFile(join(folder, "bundle.js"), CODE);
  const { snapshot } = await tier.prepare(
    {
      id: { tenant: "acme", name: "f" },
      version: "v",
      settings: { ...SETTINGS, tier: "vm", memoryMb: 256, buildTimeoutMs: 60_000 },
      mount: "/f",
      language: "js",
      file: "bundle.js",
      bundle: CODE,
    },
    folder,
    () => {},
    new AbortController().signal,
  );
  const recordOf = async () => JSON.parse(await Deno.readTextFile(join(folder, "vm.json")));
  const before = await recordOf();
  const filesOf = async () => (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).toSorted();
  const files = await filesOf();
  assert.equal(await answerOf(snapshot), "ok 1");
  await tier.renew();
  assert.deepEqual(await recordOf(), before);

  const renewed: string[] = [];
  tier.onRenewed = (_id, version) => Promise.resolve(void renewed.push(version));
  skewMs = DAY_MS + 60_000;
  // Most of them wait for their turn while the snapshot is replaced.
  const renewing = new AbortController();
  const answers = new Set<string>();
  const asking = Array.from({ length: 20 }, async () => {
    while (!renewing.signal.aborted) answers.add(await answerOf(snapshot));
  });
  await tier.renew();
  renewing.abort();
  await Promise.all(asking);
  assert.deepEqual([...answers], ["ok 1"]);
  const after = await recordOf();
  assert.deepEqual([renewed, after.madeAtMs > before.madeAtMs], [["v"], true]);
  assert.notEqual(after.runtime, before.runtime);
  assert.equal(await answerOf(snapshot), "ok 1");
  assert.deepEqual(troubles.filter((message) => message.startsWith("Cannot")), []);
  await until("nothing is left of the one before", async () => `${await filesOf()}` === `${files}`);
});
