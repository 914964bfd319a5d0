import assert from "node:assert/strict";
import { type FakeGroups, versionOne, versionTwo } from "../../../tests/fakes/fake_groups.ts";
import { MiB } from "../../limits.ts";
import { NO_GROUP } from "./cell_group.ts";
import { Cgroups, type CgroupsOptions } from "./cgroups.ts";

const SERVER = 100;
const CELL = 200;
const DELEGATED = "/with blank/app.slice/mayfly.service";
const NAME = "mayfly-100-id";

async function open(files: FakeGroups, options: Partial<CgroupsOptions> = {}) {
  const troubles: string[] = [];
  const groups = await Cgroups.open({
    files,
    pid: SERVER,
    id: "id",
    isRoot: true,
    isGiven: false,
    cores: 2,
    onTrouble: (message) => troubles.push(message),
    ...options,
  });
  return { groups, troubles };
}

Deno.test("each cell has a group of version 1 that its tenant's caps limit, before it is the tenant's", async () => {
  const files = versionOne();
  const { groups } = await open(files);
  assert.deepEqual(groups.usable, ["memory", "cpu", "pids"]);
  assert.deepEqual(groups.missing, []);
  const group = await groups.add(CELL);
  for (const name of ["memory", "cpu", "pids"]) {
    assert.deepEqual(files.processes(`/groups/${name}`), [SERVER]);
    assert.deepEqual(files.processes(`/groups/${name}/${NAME}/cell-1`), [CELL]);
  }
  await group.allot({ memoryBytes: 512 * MiB, cpuShare: 0.5 });
  assert.equal(files.read(`/groups/memory/${NAME}/cell-1`, "memory.limit_in_bytes"), `${640 * MiB}`);
  assert.equal(files.read(`/groups/cpu/${NAME}/cell-1`, "cpu.shares"), "512");
  assert.equal(files.read(`/groups/pids/${NAME}/cell-1`, "pids.max"), "8192");
  assert.equal(files.read(`/groups/cpu/${NAME}`, "cpu.shares"), "512");
});

Deno.test("of version 2 the server leaves its own group, so that this can have limited ones", async () => {
  const files = versionTwo();
  const { groups } = await open(files, { isRoot: false });
  assert.deepEqual(groups.missing, []);
  assert.deepEqual(files.processes(DELEGATED), []);
  assert.deepEqual(files.processes(`${DELEGATED}/${NAME}-server`), [SERVER]);
  const group = await groups.add(CELL);
  await group.allot({ memoryBytes: 512 * MiB, cpuShare: 2 });
  const folder = `${DELEGATED}/${NAME}/cell-1`;
  assert.deepEqual(files.processes(folder), [CELL]);
  assert.equal(files.read(folder, "memory.max"), `${640 * MiB}`);
  assert.equal(files.read(folder, "cpu.weight"), "200");
  assert.equal(files.read(folder, "pids.max"), "8192");
  assert.equal(files.read(`${DELEGATED}/${NAME}`, "cpu.weight"), "25");
});

Deno.test("of version 2 a group that others are in as well is left as it was, and said", async () => {
  const files = versionTwo({ neighbours: [300] });
  const { groups, troubles } = await open(files, { isRoot: false });
  assert.deepEqual(groups.usable, []);
  assert.match(groups.missing.join("\n"), /^memory: .*EBUSY\ncpu: .*EBUSY\npids: .*EBUSY$/);
  assert.deepEqual(files.processes(DELEGATED).sort(), [SERVER, 300]);
  assert.deepEqual(files.list(DELEGATED), []);
  assert.equal(await groups.add(CELL), NO_GROUP);
  assert.deepEqual(troubles, []);
});

Deno.test("what is not there is missing, and the rest is used", async () => {
  const { groups, troubles } = await open(versionTwo({ controllers: ["memory"] }), { isRoot: false });
  assert.deepEqual(groups.usable, ["memory"]);
  assert.match(groups.missing.join("\n"), /^cpu: .*\npids: /);
  for (let times = 0; times < 2; times++) groups.tell();
  assert.equal(troubles.length, 1);
  assert.match(troubles[0], /^Cells run without some of the kernel's limits: cpu: .*; pids: /);
  const nowhere = versionOne();
  nowhere.mountsText = "nonsense - \n\n";
  const { groups: none } = await open(nowhere);
  assert.deepEqual([none.usable, none.missing.length], [[], 3]);
});

Deno.test("root divides no group of another program's, unless it is told that the group is its own", async () => {
  const files = versionOne("/others/group");
  const { groups } = await open(files);
  assert.deepEqual(groups.usable, []);
  assert.match(
    groups.missing[0],
    /^memory: the group \/others\/group was made by another program; .*MAYFLY_CGROUPS=own/,
  );
  assert.deepEqual(files.list("/groups/memory/others/group"), []);
  const { groups: given } = await open(files, { isGiven: true });
  assert.deepEqual(given.usable, ["memory", "cpu", "pids"]);
});

Deno.test("who may make no groups goes without", async () => {
  const files = versionOne();
  files.refused.add("folders");
  const { groups, troubles } = await open(files, { isRoot: false });
  assert.match(groups.missing[0], /EACCES/);
  assert.equal(await groups.add(CELL), NO_GROUP);
  assert.deepEqual(troubles, []);
});

Deno.test("a cell that cannot have a group runs without; that is told once, and nothing of it stays", async () => {
  const files = versionOne();
  const { groups, troubles } = await open(files);
  files.refused.add("cgroup.procs");
  for (let times = 0; times < 3; times++) assert.equal(await groups.add(CELL), NO_GROUP);
  assert.equal(troubles.length, 1);
  assert.match(troubles[0], /^Cannot limit a cell by a group: .*EACCES/);
  assert.deepEqual(files.list(`/groups/memory/${NAME}`), []);
});

for (
  const [version, files, file, folder] of [
    [1, versionOne(), "memory.oom_control", `/groups/memory/${NAME}/cell-1`],
    [2, versionTwo(), "memory.events", `${DELEGATED}/${NAME}/cell-1`],
  ] as const
) {
  Deno.test(`a cell that the kernel ended for its memory is known by its group, of version ${version}`, async () => {
    const { groups } = await open(files, { isGiven: true });
    const group = await groups.add(CELL);
    files.put(folder, file, "oom 3\noom_kill 0\n");
    assert.equal(group.ranOutOfMemory, false);
    files.put(folder, file, "under_oom 0\noom_kill 1\n");
    assert.equal(group.ranOutOfMemory, true);
    files.end(CELL);
    await group.remove();
    assert.equal(group.ranOutOfMemory, false);
    await groups.close();
    assert.ok(!files.list(folder.split(`/${NAME}`)[0]).includes(NAME));
  });
}

Deno.test("a server that was killed left its groups: the next one removes them, and no others", async () => {
  const files = versionOne();
  const gone = { ...await open(files, { pid: 50 }) };
  await gone.groups.add(CELL);
  await gone.groups.add(CELL + 1);
  const alive = await open(files, { pid: 60 });
  await alive.groups.add(CELL + 2);
  for (const pid of [50, CELL]) files.end(pid);
  files.alive.add(60);
  files.make("/groups/memory", "mayfly-x");
  files.make("/groups/memory", "another");
  await open(files);
  // One of its cells is not quite gone: its group stays for now.
  assert.deepEqual(
    files.list("/groups/memory").sort(),
    ["another", NAME, "mayfly-50-id", "mayfly-60-id", "mayfly-x"].sort(),
  );
  assert.deepEqual(files.list("/groups/memory/mayfly-50-id"), ["cell-2"]);
  files.end(CELL + 1);
  await open(files, { id: "next" });
  assert.ok(!files.list("/groups/memory").includes("mayfly-50-id"));
  assert.deepEqual(files.list("/groups/memory/mayfly-60-id"), ["cell-1"]);
});
