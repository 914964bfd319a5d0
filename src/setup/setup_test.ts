import assert from "node:assert/strict";
import { join } from "node:path";
import { OperatorError } from "../errors.ts";
import { WASMTIME } from "./pins.ts";
import { openParts, startSetup } from "./setup.ts";
import { WASMTIME_LIBRARY } from "./wasmtime.ts";

const env = Deno.env.toObject();
const silent = () => {};

/** Where everything is ready, and where: the tests' own start made it. */
async function readyCache(): Promise<string> {
  const { shim, engine } = startSetup({ progress: console.log });
  const [{ library }] = await Promise.all([shim, engine]);
  return join(library, "../..");
}

async function withDir(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  await work(dir).finally(() => Deno.remove(dir, { recursive: true }));
}

async function refusal(more: Record<string, string>): Promise<OperatorError> {
  const { engine } = startSetup({ progress: silent, env: { ...env, ...more } });
  const error = await engine.then(() => null, (error) => error);
  assert.ok(error instanceof OperatorError, `an operator's error, not ${error}`);
  return error;
}

Deno.test("a second start needs neither network nor tools, and says nothing", () =>
  withDir(async (dir) => {
    const cacheDir = await readyCache();
    const lines: string[] = [];
    const { shim, engine } = startSetup({ progress: (line) => lines.push(line), env: { PATH: dir }, cacheDir });
    assert.ok((await engine).base.length > 0);
    assert.ok((await Deno.stat((await shim).library)).isFile);
    assert.deepEqual(lines, []);
  }));

/** A copy of what a second start reads, without the packages that only a build needs. */
async function copyOfCache(from: string, to: string): Promise<void> {
  for await (const { name } of Deno.readDir(from)) {
    if (!/^(wasmtime|shim|engine|image)-/.test(name)) continue;
    await Deno.mkdir(join(to, name));
    for await (const file of Deno.readDir(join(from, name))) {
      await Deno.copyFile(join(from, name, file.name), join(to, name, file.name));
    }
  }
}

Deno.test("a base image with one bit flipped is never loaded: the same one is made again", () =>
  withDir(async (cacheDir) => {
    await copyOfCache(await readyCache(), cacheDir);
    const lines: string[] = [];
    const start = () => startSetup({ progress: (line) => lines.push(line), cacheDir }).engine;
    const whole = await start();
    for await (const { name } of Deno.readDir(cacheDir)) {
      if (!name.startsWith("image-")) continue;
      const path = join(cacheDir, name, "base");
      const base = await Deno.readFile(path);
      base[base.length >> 1] ^= 1;
      await Deno.writeFile(path, base);
    }
    assert.deepEqual(await start(), whole);
    assert.equal(lines[0], "The cached image is damaged: making it again");
  }));

Deno.test("a file that MAYFLY_WASMTIME or MAYFLY_ENGINE names and that is not there is told", async () => {
  await readyCache();
  for (const name of ["MAYFLY_WASMTIME", "MAYFLY_ENGINE"]) {
    const { message, hint } = await refusal({ [name]: "/nowhere" });
    assert.equal(message, `Cannot read /nowhere, which ${name} names`);
    assert.match(hint, new RegExp(name));
  }
});

Deno.test("an engine that MAYFLY_ENGINE names and that is none is told", () =>
  withDir(async (dir) => {
    const path = join(dir, "engine.wasm");
    await Deno.writeTextFile(path, "no module");
    assert.match((await refusal({ MAYFLY_ENGINE: path })).message, /^Cannot use what MAYFLY_ENGINE names: /);
  }));

Deno.test("a library that MAYFLY_WASMTIME names is the one that is loaded", () =>
  withDir(async (cacheDir) => {
    const MAYFLY_WASMTIME = join(await readyCache(), `wasmtime-${WASMTIME.version}`, WASMTIME_LIBRARY);
    const parts = await openParts({ progress: silent, env: { ...env, MAYFLY_WASMTIME }, cacheDir });
    const linked = new TextDecoder("latin1").decode(await Deno.readFile(await parts.shim()));
    assert.match(linked, /\$ORIGIN\/\.\.\/wasmtime-named-[0-9a-f]{16}\0/);
  }));
