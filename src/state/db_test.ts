import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { OperatorError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { openStore } from "./db.ts";
import { migrate, MIGRATIONS, versionOf } from "./migrations.ts";
import type { FunctionRow, MirrorRow, Store, UsageRow, VersionRow } from "./store.ts";

const ID = { tenant: "home", name: "api/[id]" };

const functionRow = (fields: Partial<FunctionRow> = {}): FunctionRow => ({
  ...ID,
  file: "api/[id].ts",
  route: "/api/:id",
  activeVersion: null,
  rolledBackFrom: null,
  error: null,
  updatedAtMs: 1763700000000.5,
  ...fields,
});

const versionRow = (version: string, fields: Partial<VersionRow> = {}): VersionRow => ({
  ...ID,
  version,
  deployedAtMs: 1763700000000,
  file: "api/[id].ts",
  route: "/api/:id",
  tier: "wasm",
  kind: "handler",
  settings: `{"timeoutMs":30000}`,
  inputs: `{"api/[id].ts":"abc"}`,
  engine: "e1",
  snapshotBytes: 110_592,
  buildMs: 12.25,
  ...fields,
});

const mirrorRow = (path: string, fields: Partial<MirrorRow> = {}): MirrorRow => ({
  tenant: "home",
  path,
  size: 200,
  mtimeNs: "1763700000000000001",
  inode: "18446744073709551615",
  hash: "abc",
  ...fields,
});

const usageRow = (fields: Partial<UsageRow> = {}): UsageRow => ({
  ...ID,
  minute: 1000,
  requests: 3,
  errors: 1,
  warm: 1,
  clone: 1,
  cold: 1,
  wallMs: 10.5,
  cpuMs: 1.5,
  memoryPeakBytes: 1024,
  bytesIn: 1,
  bytesOut: 2,
  coldMs: 4,
  ...fields,
});

async function withPath(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(join(folder, "state.db"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
  await withPath(async (path) => {
    const store = await openStore(path);
    try {
      await work(store);
    } finally {
      await store.close();
    }
  });
}

Deno.test("what was put is loaded again by the next process", async () => {
  await withPath(async (path) => {
    const first = await openStore(path);
    await first.activate(functionRow({ activeVersion: "v2" }), versionRow("v2"));
    await first.putFunction(functionRow({ name: "broken", error: "broken.ts:1:1 no" }));
    await first.putMirror([mirrorRow("a.ts"), mirrorRow("b.ts")], []);
    await first.putMirror([mirrorRow("a.ts", { hash: "new" })], [{ tenant: "home", path: "b.ts" }]);
    await first.close();

    const second = await openStore(path);
    assert.deepEqual(await second.load(), {
      functions: [functionRow({ activeVersion: "v2" }), functionRow({ name: "broken", error: "broken.ts:1:1 no" })],
      active: [versionRow("v2")],
      mirror: [mirrorRow("a.ts", { hash: "new" })],
    });
    await second.close();
  });
});

Deno.test("a function's versions are its own, and the newest comes first", async () => {
  await withStore(async (store) => {
    await store.activate(functionRow({ activeVersion: "v1" }), versionRow("v1", { deployedAtMs: 1 }));
    await store.activate(functionRow({ activeVersion: "v2" }), versionRow("v2", { deployedAtMs: 2 }));
    const other = { tenant: "acme", name: ID.name };
    await store.activate(functionRow({ ...other, activeVersion: "v1" }), versionRow("v1", other));

    assert.deepEqual((await store.versions(ID)).map(({ version }) => version), ["v2", "v1"]);
    assert.deepEqual(await store.spareVersions(ID.tenant), [{ ...ID, version: "v1" }]);
    assert.deepEqual(await store.spareVersions("nobody"), []);
    assert.deepEqual(await store.version(ID, "v1"), versionRow("v1", { deployedAtMs: 1 }));
    assert.equal(await store.version(ID, "v3"), null);

    await store.removeVersions(ID, ["v1"]);
    assert.deepEqual((await store.versions(ID)).map(({ version }) => version), ["v2"]);
    await store.removeFunction(ID);
    assert.deepEqual(await store.versions(ID), []);
    assert.deepEqual((await store.load()).functions.map(({ tenant }) => tenant), ["acme"]);
    assert.equal((await store.versions(other)).length, 1);
  });
});

Deno.test("an activation is whole or not at all", async () => {
  await withStore(async (store) => {
    await store.activate(functionRow({ activeVersion: "v1" }), versionRow("v1"));
    const bad = functionRow({ activeVersion: "v2", route: null as unknown as string });
    await assert.rejects(store.activate(bad, versionRow("v2")), /Cannot use the state database/);
    assert.equal(await store.version(ID, "v2"), null);
    assert.equal((await store.load()).functions[0].activeVersion, "v1");
    await store.activate(functionRow({ activeVersion: "v2" }), versionRow("v2"));
    assert.equal((await store.load()).functions[0].activeVersion, "v2");
  });
});

Deno.test("usage of one minute adds up, its peak is the highest, and old minutes are forgotten", async () => {
  await withStore(async (store) => {
    await store.addUsage([usageRow(), usageRow({ memoryPeakBytes: 4096 }), usageRow({ memoryPeakBytes: 512 })]);
    assert.deepEqual(await store.usage(ID, 0), [usageRow({
      requests: 9,
      errors: 3,
      warm: 3,
      clone: 3,
      cold: 3,
      wallMs: 31.5,
      cpuMs: 4.5,
      memoryPeakBytes: 4096,
      bytesIn: 3,
      bytesOut: 6,
      coldMs: 12,
    })]);
    const later = 1000 + LIMITS.usageDaysKept * 24 * 60;
    await store.addUsage([usageRow({ minute: later })]);
    assert.deepEqual((await store.usage(ID, 0)).map(({ minute }) => minute), [1000, later]);
    await store.addUsage([usageRow({ minute: later + 1 })]);
    assert.deepEqual((await store.usage(ID, 0)).map(({ minute }) => minute), [later, later + 1]);
    assert.deepEqual((await store.usage(ID, later + 1)).map(({ minute }) => minute), [later + 1]);
  });
});

Deno.test("a database of every older version is brought up to date with all that is in it", async () => {
  for (let age = 1; age < MIGRATIONS.length; age++) {
    await withPath(async (path) => {
      const old = new DatabaseSync(path);
      migrate(old, path, MIGRATIONS.slice(0, age));
      old.exec(`
        INSERT INTO functions VALUES ('home', 'api/[id]', 'api/[id].ts', '/api/:id', 'v1', NULL, NULL, 1);
        INSERT INTO versions VALUES ('home', 'api/[id]', 'v1', 1, 'api/[id].ts', '/api/:id', 'wasm', 'handler', '{}', '{}', 'e1', 5, 6)`);
      assert.equal(versionOf(old), age);
      old.close();

      const store = await openStore(path);
      assert.equal((await store.load()).active[0].version, "v1");
      await store.addUsage([usageRow()]);
      assert.equal((await store.usage(ID, 0)).length, 1);
      await store.close();
    });
  }
});

Deno.test("a database of a newer version is refused by name and left as it was", async () => {
  await withPath(async (path) => {
    const newer = new DatabaseSync(path);
    newer.exec(`PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    newer.close();
    await assert.rejects(openStore(path), (error) => {
      assert.ok(error instanceof OperatorError);
      assert.ok(error.message.includes(path));
      assert.match(error.hint, /newer/);
      return true;
    });
    assert.equal(versionOf(new DatabaseSync(path)), MIGRATIONS.length + 1);
  });
});

Deno.test("a database file that is none, or is damaged, is an operator's error that names it", async () => {
  await withPath(async (path) => {
    const store = await openStore(path);
    const rows = Array.from({ length: 500 }, (_, i) => mirrorRow(`${i}.ts`));
    await store.putMirror(rows, []);
    await store.close();
    const sound = await Deno.readFile(path);

    const damages: Record<string, Uint8Array<ArrayBuffer>> = {
      "text": new TextEncoder().encode("not a database ".repeat(1000)),
      "cut": sound.slice(0, 8192),
      "overwritten": sound.map((byte, i) => i < 4096 ? byte : 0x55),
    };
    for (const [damage, bytes] of Object.entries(damages)) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(async () => {
        const damaged = await openStore(path);
        try {
          await damaged.load();
        } finally {
          await damaged.close();
        }
      }, (error) => {
        assert.ok(error instanceof OperatorError, `${damage}: ${error}`);
        assert.ok(error.message.includes(path), damage);
        return true;
      });
    }
  });
});

Deno.test("what cannot be opened is an operator's error that names it", async () => {
  await withPath(async (path) => {
    await Deno.mkdir(path);
    await assert.rejects(openStore(path), OperatorError);
  });
});

Deno.test("a closed store refuses, and what was asked before the close is done", async () => {
  await withPath(async (path) => {
    const store = await openStore(path);
    const put = store.putFunction(functionRow());
    await store.close();
    await put;
    await assert.rejects(store.load(), /Cannot use the state database: it is closed/);
    await store.close();
  });
});

Deno.test("what was acknowledged survives kill -9 in the middle of writing", async () => {
  await withPath(async (path) => {
    const script = `
      const { openStore } = await import(${JSON.stringify(new URL("./db.ts", import.meta.url).href)});
      const store = await openStore(${JSON.stringify(path)});
      const [row, version] = ${JSON.stringify([functionRow(), versionRow("")])};
      for (let n = 1; ; n++) {
        await store.activate({ ...row, activeVersion: "v" + n }, { ...version, version: "v" + n, deployedAtMs: n });
        console.log(n);
      }`;
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", script], stdout: "piped" }).spawn();
    let printed = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += text;
      if (printed.split("\n").length > 50) child.kill("SIGKILL");
    }
    await child.status;
    const acknowledged = Number(printed.slice(0, printed.lastIndexOf("\n")).split("\n").at(-1));

    const store = await openStore(path);
    const { functions, active } = await store.load();
    const versions = await store.versions(ID);
    assert.ok(versions.length >= acknowledged);
    assert.equal(functions[0].activeVersion, versions[0].version);
    assert.equal(active[0].version, versions[0].version);
    await store.close();
  });
});
