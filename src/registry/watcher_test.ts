import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../clock.ts";
import { WATCH_TIMES, Watcher } from "./watcher.ts";

/** A watcher of a folder, and all that it has told. */
async function watch(times: Partial<typeof WATCH_TIMES> = {}) {
  const base = await Deno.makeTempDir({ prefix: "mayfly-watcher-" });
  const folder = join(base, "folder");
  const pulse = join(base, "pulse");
  await Deno.mkdir(folder);
  await Deno.mkdir(pulse);
  const told: string[] = [];
  const troubles: string[] = [];
  const watcher = new Watcher({
    folder,
    pulse,
    clock: systemClock,
    onStir() {},
    onChange: (paths) => told.push(...paths),
    onTrouble: (message) => troubles.push(message),
    times: { ...WATCH_TIMES, identityMs: 20, fullLookMs: 1e9, pulseMs: 1e9, ...times },
  });
  // It begins to listen a moment after it was made.
  await until(async () => {
    await Deno.writeTextFile(join(folder, "begin"), "");
    return told.includes("begin");
  });
  told.length = 0;
  return {
    folder,
    told,
    troubles,
    write: (path: string) => Deno.writeTextFile(join(folder, path), "x"),
    [Symbol.asyncDispose]: async () => {
      watcher[Symbol.dispose]();
      await Deno.remove(base, { recursive: true });
    },
  };
}

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !await check(); tries++) {
    if (tries > 2000) throw new Error("Cannot wait any longer");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

Deno.test("a change is told by its path, once it has settled", async () => {
  await using w = await watch();
  await Deno.mkdir(join(w.folder, "dir"));
  await w.write("dir/a.ts");
  await until(() => w.told.some((path) => path === "dir" || path === "dir/a.ts"));
});

Deno.test("hidden files are not told of", async () => {
  await using w = await watch();
  await w.write(".hidden");
  await w.write("shown");
  await until(() => w.told.includes("shown"));
  assert.deepEqual(w.told.filter((path) => path.includes("hidden")), []);
});

Deno.test("a folder that was made anew is told of as a whole, and followed", async () => {
  await using w = await watch();
  await Deno.remove(w.folder, { recursive: true });
  await Deno.mkdir(w.folder);
  await until(() => w.told.includes(""));
  await until(async () => {
    await w.write("again");
    return w.told.includes("again");
  });
});

Deno.test("a named pipe does not make it deaf for long", async () => {
  await using w = await watch({ pulseMs: 50 });
  await new Deno.Command("mkfifo", { args: [join(w.folder, "pipe")] }).output();
  await until(async () => {
    await w.write("after");
    return w.told.includes("after");
  });
});

Deno.test("a folder that does not exist yet is waited for", async () => {
  await using w = await watch();
  await Deno.remove(w.folder, { recursive: true });
  await until(() => w.told.includes(""));
  w.told.length = 0;
  await Deno.mkdir(w.folder);
  await until(() => w.told.includes(""));
});
