import assert from "node:assert/strict";
import { join } from "node:path";
import { TempDir } from "../../tests/fakes/temp_dir.ts";
import { guestCommand } from "./guest_command.ts";

/** A folder on PATH with these scripts. */
async function withScripts(
  scripts: Readonly<Record<string, string>>,
  work: (folder: string, command: (...words: string[]) => Promise<string[]>) => Promise<void>,
): Promise<void> {
  await using dir = await TempDir.make();
  for (const [name, text] of Object.entries(scripts)) {
    await Deno.writeTextFile(join(dir.path, name), text, { mode: 0o755 });
  }
  const env = { PATH: `${dir.path}:${Deno.env.get("PATH")}` };
  await work(dir.path, (...words) => guestCommand(words, { env, cwd: dir.path }));
}

Deno.test("a program is found on PATH, or below the working folder, and keeps its arguments", () =>
  withScripts({ tool: "#!/bin/cat\n" }, async (folder, command) => {
    const found = [join(folder, "tool"), "-a", "--", "b"];
    assert.deepEqual(await command("tool", "-a", "--", "b"), found);
    assert.deepEqual(await command("./tool", "-a", "--", "b"), found);
  }));

Deno.test("what is no program is left as it was said, for the engine to refuse", () =>
  withScripts({}, async (_folder, command) => {
    assert.deepEqual(await command("no-such-program", "x"), ["no-such-program", "x"]);
  }));

Deno.test("what env would look up in the guest is looked up before", () =>
  withScripts({
    tool: "#!/bin/cat\n",
    script: "#!/usr/bin/env tool\n",
    split: "#!/usr/bin/env -S tool -x\n",
  }, async (folder, command) => {
    const [tool, script, split] = ["tool", "script", "split"].map((name) => join(folder, name));
    assert.deepEqual(await command("script", "a"), [tool, script, "a"]);
    assert.deepEqual(await command("split", "a"), [tool, "-x", split, "a"]);
  }));

Deno.test("scripts that name one another for ever are given up", () =>
  withScripts({ a: "#!/usr/bin/env b\n", b: "#!/usr/bin/env a\n" }, async (_folder, command) => {
    assert.ok((await command("a")).length < 10);
  }));

Deno.test("a shell script that stands for Python is replaced by the interpreter that it starts", () =>
  withScripts({
    "python3.99": `#!/bin/sh\n[ "$1" = -c ] && echo /opt/python/bin/python3.99\n`,
    "python2": "#!/usr/bin/env bash\nexit 3\n",
  }, async (folder, command) => {
    assert.deepEqual(await command("python3.99", "-c", "1"), ["/opt/python/bin/python3.99", "-c", "1"]);
    assert.deepEqual(await command("python2"), [join(folder, "python2")]);
  }));
