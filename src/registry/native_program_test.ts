import assert from "node:assert/strict";
import { join } from "node:path";
import { FILES } from "../tiers/tier.ts";
import { RegistryHarness } from "../../tests/fakes/registry_harness.ts";

const PROGRAM = "/bin/true";
const MACHINE_AT = 18;
const ARM_64 = 183;

async function started(): Promise<RegistryHarness> {
  const h = await RegistryHarness.start();
  h.vm.unavailable = null;
  return h;
}

/** Puts a copy of a program where it is to be, all of it at once. */
async function put(h: RegistryHarness, path: string, change?: (bytes: Uint8Array) => Uint8Array, mode = 0o755) {
  const bytes = await Deno.readFile(PROGRAM);
  const at = join(h.root, "new");
  await Deno.writeFile(at, change?.(bytes) ?? bytes, { mode });
  await Deno.rename(at, join(h.functions, path));
}

const text = (content: string) => () => new TextEncoder().encode(content);
const runs = (functions: Record<string, string[]>) => ({
  "mayfly.json": JSON.stringify({
    functions: Object.fromEntries(Object.entries(functions).map(([name, run]) => [name, { run }])),
  }),
});
const ready = (h: RegistryHarness, name: string) =>
  h.until(`${name} is built`, () => h.entry(name)?.state === "ready" ? h.entry(name)!.active : null);

Deno.test("all files of a folder are in its version, programs stay executable", async () => {
  await using h = await started();
  const seen: Record<string, number> = {};
  const prepare = h.vm.prepare.bind(h.vm);
  h.vm.prepare = async (artifact, dir, ...rest) => {
    for (const path of ["shop/server", "shop/data.txt", "shop/deep/more.txt"]) {
      const { mode } = await Deno.stat(join(dir, FILES, path));
      seen[path] = mode! & 0o100;
    }
    return await prepare(artifact, dir, ...rest);
  };
  await h.drop({ "shop/data.txt": "1", "shop/deep/more.txt": "2" });
  await put(h, "shop/server");
  const { version } = await ready(h, "shop");
  assert.deepEqual(seen, { "shop/server": 0o100, "shop/data.txt": 0, "shop/deep/more.txt": 0 });
  await h.drop({ "shop/deep/more.txt": "3" });
  await h.until("another version serves", () => h.entry("shop")!.active!.version !== version);
});

Deno.test("a program that this processor cannot run is refused by what it is", async () => {
  await using h = await started();
  await put(h, "arm", (bytes) => {
    bytes[MACHINE_AT] = ARM_64;
    return bytes;
  });
  await h.fails("arm", /^arm: Cannot run arm: it is for another processor, ARM 64, not for x86-64$/);
  await put(h, "cut", (bytes) => bytes.slice(0, 80));
  await h.fails("cut", /Cannot run cut: it is cut off/);
  await put(h, "cut");
  await ready(h, "cut");
});

Deno.test("a run names a file of its folder that can be run", async () => {
  await using h = await started();
  await h.drop({
    ...runs({
      none: ["./gone"],
      beside: ["../script/start.sh"],
      bare: ["gunicorn", "app:app"],
      whole: ["/usr/bin/env", "x"],
      script: ["./start.sh"],
      python: ["./app.js"],
      text: ["./notes"],
      plain: ["./prog"],
      good: ["./prog", "arg"],
      node: ["node", "server.js"],
    }),
    ...Object.fromEntries(["none", "beside", "bare", "whole", "text", "plain"].map((name) => [`${name}/a.txt`, ""])),
    "script/a.txt": "",
    "python/a.txt": "",
    "good/a.txt": "",
    "node/server.js": "1;",
  });
  await put(h, "script/start.sh", text("#!/bin/sh\n"));
  await put(h, "python/app.js", text("#!/usr/bin/env node\n"));
  await put(h, "text/notes", text("notes"));
  await put(h, "plain/prog", undefined, 0o644);
  await put(h, "good/prog");
  await h.fails("none", /Cannot run \.\/gone: there is no file none\/gone/);
  await h.fails("beside", /Cannot run \.\.\/script\/start\.sh: a run begins with .*node.*, or with a file of the/);
  await h.fails("bare", /Cannot run gunicorn: a run begins with .* as in \.\/gunicorn/);
  await h.fails("whole", /Cannot run \/usr\/bin\/env: a run begins with/);
  await h.fails("script", /Cannot run \.\/start\.sh: it is a script for \/bin\/sh, .*: name what the script starts/);
  await h.fails("python", /Cannot run \.\/app\.js: it is a script; run: \["node", "\.\/app\.js"\] starts it/);
  await h.fails("text", /Cannot run \.\/notes: it is no ELF file/);
  await h.fails("plain", /Cannot run \.\/prog: it is not executable; chmod \+x plain\/prog/);
  await ready(h, "good");
  await ready(h, "node");
  await put(h, "plain/prog");
  await ready(h, "plain");
});
