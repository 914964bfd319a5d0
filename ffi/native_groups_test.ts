import assert from "node:assert/strict";
import { startSetup } from "../src/setup/setup.ts";
import { NativeGroups } from "./native_groups.ts";
import { openShim } from "./symbols.ts";

const groups = new NativeGroups(openShim((await startSetup({ progress: console.log }).shim).library));

/** A folder of groups, whichever this machine has: null where there is none. */
const folder = groups.mounts().split("\n").find((line) => / - cgroup2? /.test(line))?.split(" ")[4] ?? null;

Deno.test("the groups of this process and their places are read", () => {
  assert.equal(groups.own(), Deno.readTextFileSync("/proc/self/cgroup"));
  assert.match(groups.mounts(), / - proc /);
  assert.deepEqual([groups.isAlive(Deno.pid), groups.isAlive(2 ** 31 - 1)], [true, false]);
});

Deno.test("what is no group can be neither read, written, listed, made nor removed", async () => {
  const scratch = await Deno.makeTempDir();
  await Deno.writeTextFile(`${scratch}/file`, "as it was");
  await Deno.mkdir(`${scratch}/folder`);
  for (const place of [scratch, "/etc", "/proc/self"]) {
    assert.throws(() => groups.read(place, "status"), { code: "EXDEV" });
    assert.throws(() => groups.list(place), { code: "EXDEV" });
    assert.throws(() => groups.make(place, "new"), { code: "EXDEV" });
    await assert.rejects(groups.write(place, "file", "other"), { code: "EXDEV" });
    await assert.rejects(groups.remove(place, "folder"), { code: "EXDEV" });
  }
  assert.throws(() => groups.read(`${scratch}/none`, "file"), { code: "ENOENT" });
  assert.throws(() => groups.read(`${scratch}\0`, "file"), { code: "EINVAL" });
  assert.equal(await Deno.readTextFile(`${scratch}/file`), "as it was");
  await Deno.remove(scratch, { recursive: true });
});

Deno.test("a name leads nowhere but into its group", { ignore: folder === null }, async () => {
  assert.ok(groups.read(folder!, "cgroup.procs").length > 0);
  assert.ok(!groups.list(folder!).includes("cgroup.procs"));
  for (const name of ["", ".", "..", "../cgroup.procs", "a/b", "/etc/passwd"]) {
    assert.throws(() => groups.read(folder!, name), { code: "EINVAL" }, name);
    assert.throws(() => groups.make(folder!, name), { code: "EINVAL" }, name);
    await assert.rejects(groups.write(folder!, name, "0"), { code: "EINVAL" }, name);
    await assert.rejects(groups.remove(folder!, name), { code: "EINVAL" }, name);
  }
});
