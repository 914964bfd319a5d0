import assert from "node:assert/strict";
import { join } from "node:path";
import { TempDir } from "../../tests/fakes/temp_dir.ts";
import { type GuestCommand, guestCommand } from "./guest_command.ts";

/** A folder on PATH with these scripts. */
async function withScripts(
  scripts: Readonly<Record<string, string>>,
  work: (folder: string, command: (...words: string[]) => Promise<GuestCommand>) => Promise<void>,
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
    assert.deepEqual((await command("tool", "-a", "--", "b")).words, found);
    assert.deepEqual((await command("./tool", "-a", "--", "b")).words, found);
  }));

Deno.test("what is no program is left as it was said, for the engine to refuse", () =>
  withScripts({}, async (_folder, command) => {
    assert.deepEqual(await command("no-such-program", "x"), { words: ["no-such-program", "x"], scripts: [] });
  }));

Deno.test("what env would look up in the guest is looked up before", () =>
  withScripts({
    tool: "#!/bin/cat\n",
    script: "#!/usr/bin/env tool\n",
    split: "#!/usr/bin/env -S tool -x\n",
  }, async (folder, command) => {
    const [tool, script, split] = ["tool", "script", "split"].map((name) => join(folder, name));
    assert.deepEqual(await command("script", "a"), { words: [tool, script, "a"], scripts: [script] });
    assert.deepEqual(await command("split", "a"), { words: [tool, "-x", split, "a"], scripts: [split] });
  }));

Deno.test("a script that a link leads to is named by its own path, for the link is not shown", () =>
  withScripts({ tool: "#!/bin/cat\n", script: "#!/usr/bin/env tool\n" }, async (folder, command) => {
    await Deno.symlink("script", join(folder, "link"));
    const { words, scripts } = await command("link");
    assert.deepEqual([words.slice(1), scripts], [[join(folder, "script")], [join(folder, "script")]]);
  }));

Deno.test("scripts that name one another for ever are given up", () =>
  withScripts({ a: "#!/usr/bin/env b\n", b: "#!/usr/bin/env a\n" }, async (_folder, command) => {
    assert.ok((await command("a")).words.length < 10);
  }));

Deno.test("a shell script that stands for Python is replaced by the interpreter that it starts", () =>
  withScripts({
    "python3.99": `#!/bin/sh\n[ "$1" = -c ] && echo /opt/python/bin/python3.99\n`,
    "python2": "#!/usr/bin/env bash\nexit 3\n",
  }, async (folder, command) => {
    assert.deepEqual((await command("python3.99", "-c", "1")).words, ["/opt/python/bin/python3.99", "-c", "1"]);
    const [, shim] = (await command("python2")).words;
    assert.equal(shim, join(folder, "python2"));
  }));

Deno.test("a tool beside such a script is that of the interpreter's own folder", () =>
  withScripts({ tool: "#!/bin/cat\n" }, (folder) =>
    withScripts({
      python3: `#!/bin/sh\necho ${folder}/python3\n`,
      tool: "#!/bin/sh\nexit 3\n",
      other: "#!/bin/sh\n",
    }, async (shims, command) => {
      assert.deepEqual((await command("tool", "-a")).words, [join(folder, "tool"), "-a"]);
      assert.deepEqual((await command("other")).words, [join(shims, "other")]);
    })));
