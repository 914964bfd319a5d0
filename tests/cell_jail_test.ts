import assert from "node:assert/strict";
import { constants } from "node:os";
import { join } from "node:path";
import { LAYOUT } from "../ffi/layout.ts";
import { CELL_SOURCES } from "../src/setup/cell.ts";
import { engineFiles } from "../src/setup/vm_engine.ts";
import { folder, type HostileCell, startCell, type StartOptions, USER } from "./harness/hostile_cell.ts";
import { WITHOUT_KVM as ignore } from "./harness/vm.ts";

/** A cell that is taken over, jail and all: what it tries from inside, and what of it shows outside. */

const { EACCES, EBADF, EFBIG, EINVAL, ENOSYS } = constants.errno;
/** The kernel ends it for asking. */
const DEAD = null;

/** Asks one cell after another, for most answers are its end. */
async function answersOf(attacks: readonly string[], options: StartOptions): Promise<Record<string, number | null>> {
  const answers: Record<string, number | null> = {};
  const file = join(folder, "read-only");
  await Deno.writeTextFile(file, "not to be changed");
  let cell: HostileCell | null = null;
  for (const attack of attacks) {
    cell ??= await startCell(options);
    answers[attack] = await cell.attempt(attack, { file });
    if (answers[attack] !== DEAD) continue;
    assert.equal(await cell.end(), "it was killed for a system call that its jail forbids", attack);
    await cell[Symbol.asyncDispose]();
    cell = null;
  }
  await cell?.[Symbol.asyncDispose]();
  assert.equal(await Deno.readTextFile(file), "not to be changed");
  return answers;
}

/** What the kernel says where the filter lets an attack get there; all others are the cell's end. */
const REFUSED: Readonly<Record<string, number>> = {
  "openat": -EACCES,
  "openat proc": -EACCES,
  "openat beside a file": -EACCES,
  "clone3": -ENOSYS,
  "map the file to write it": -EACCES,
};

const FORBIDDEN = [
  ...["open", "openat2", "open_by_handle_at", "stat", "newfstatat of a name", "getdents64", "mkdir", "unlink"],
  ...["memfd_create", "write", "write the file", "fallocate the file", "fchmod the file", "dup"],
  ...["fcntl flags", "fcntl owner", "mmap code", "mprotect code", "pkey_mprotect", "mremap to a place"],
  ...["remap_file_pages", "madvise others' pages", "mlock", "shmget", "personality", "modify_ldt"],
  ...["process_vm_readv", "process_vm_writev", "userfaultfd", "socket", "socket unix", "socketpair", "connect", "bind"],
  ...[
    "sendto the server's requests",
    "sendmsg",
    "recvmsg what is told",
    "sendto urgently",
    "recvmsg urgently",
    "setsockopt",
    "fork",
    "vfork",
    "clone",
  ],
  ...["execve", "execveat", "kill all", "kill the first", "tgkill another process", "tgkill another signal", "tkill"],
  ...["rt_sigqueueinfo", "pidfd_open", "ptrace", "prctl", "prlimit64", "setpriority", "sched_setscheduler"],
  ...["futex with priorities", "setuid", "setresuid", "setgroups", "capset", "seccomp", "mount", "umount2"],
  ...["pivot_root", "chroot", "unshare", "setns", "bpf", "perf_event_open", "io_uring_setup", "add_key", "keyctl"],
  ...["init_module", "kexec_load", "reboot", "iopl", "sethostname", "clock_settime", "KVM_CREATE_DEVICE"],
  ...["KVM_CREATE_IRQCHIP", "KVM_IRQFD", "KVM_IOEVENTFD", "KVM_SET_GUEST_DEBUG", "KVM_GET_MSRS", "KVM_SET_PIT2"],
  ...["TIOCSTI", "FIONBIO", "int 0x80", "x32"],
];
const OF_BUILDS = ["pwrite64 the file", "ftruncate the file"];

Deno.test("nothing of the host can be asked for from inside a serving cell", { ignore }, async () => {
  const attacks = [...Object.keys(REFUSED), ...FORBIDDEN, ...OF_BUILDS];
  const dead = Object.fromEntries([...FORBIDDEN, ...OF_BUILDS].map((attack) => [attack, DEAD]));
  assert.deepEqual(await answersOf(attacks, { mode: "SERVES", user: USER }), { ...REFUSED, ...dead });
});

Deno.test("a cell that builds may write files, but none that it was given to read", { ignore }, async () => {
  const attacks = [...Object.keys(REFUSED), ...OF_BUILDS, "fallocate the file", "socket", "mmap code", "execve"];
  assert.deepEqual(await answersOf(attacks, { mode: "BUILDS", user: USER }), {
    ...REFUSED,
    "pwrite64 the file": -EBADF,
    "ftruncate the file": -EINVAL,
    "fallocate the file": DEAD,
    "socket": DEAD,
    "mmap code": DEAD,
    "execve": DEAD,
  });
});

Deno.test("the file that a cell makes is a new one, its owner's alone, and has an end", { ignore }, async () => {
  await using cell = await startCell({ mode: "BUILDS", user: USER });
  const file = join(folder, "made");
  assert.equal(await cell.attempt("pwrite64 the file", { file, isNewFile: true }), 1);
  const { mode, size } = await Deno.stat(file);
  assert.deepEqual([mode! & 0o777, size], [0o600, 1]);
  assert.throws(() => cell.process.send(new Uint8Array(LAYOUT.cellRequestBytes), file, true), { code: "EEXIST" });
  assert.equal(
    await cell.attempt("pwrite64 far behind the end", { file: join(folder, "far"), isNewFile: true }),
    -EFBIG,
  );
  assert.equal(await cell.attempt("make the file larger", { file: join(folder, "large"), isNewFile: true }), -EFBIG);
});

Deno.test("a cell gets regular files alone, reached by no link", { ignore }, async () => {
  await using cell = await startCell();
  const [target, link, fifo] = ["target", "link", "fifo"].map((name) => join(folder, name));
  await Deno.writeTextFile(target, "");
  await Deno.symlink(target, link);
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  const request = new Uint8Array(LAYOUT.cellRequestBytes);
  assert.throws(() => cell.process.send(request, link), { code: "ELOOP" });
  assert.throws(() => cell.process.send(request, fifo), { code: "EINVAL" });
  assert.throws(() => cell.process.send(request, folder), { code: "EINVAL" });
  assert.throws(() => cell.process.send(request, "/dev/zero"), { code: "EINVAL" });
  assert.throws(() => cell.process.send(request, join(folder, "none")), { code: "ENOENT" });
});

Deno.test("what a cell may, it can", { ignore }, async () => {
  await using cell = await startCell();
  assert.equal(await cell.attempt("getpid"), 1);
  assert.ok((await cell.attempt("threads"))! > 8);
});

Deno.test("threads have a bound", { ignore }, async () => {
  await using cell = await startCell();
  // KVM has a thread for each VM, counted as the tenant's: as many as there may be VMs.
  assert.ok((await cell.attempt("threads"))! <= 8192);
});

Deno.test("outside shows no rights, no files, no network and a user of its own", { ignore }, async () => {
  await using cell = await startCell();
  const proc = `/proc/${cell.process.pid}`;
  const status = await Deno.readTextFile(`${proc}/status`);
  const field = (name: string) => new RegExp(`^${name}:\\s*(.*?) *$`, "m").exec(status)?.[1];
  assert.equal(field("Uid"), Array(4).fill(USER).join("\t"));
  assert.equal(field("Gid"), Array(4).fill(USER).join("\t"));
  assert.match(status, /^Groups:\s*$/m);
  for (const name of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
    assert.equal(field(name), "0".repeat(16), name);
  }
  assert.deepEqual([field("NoNewPrivs"), field("Seccomp")], ["1", "2"]);
  for (const name of ["mnt", "pid", "net", "ipc", "uts"]) {
    assert.notEqual(await Deno.readLink(`${proc}/ns/${name}`), await Deno.readLink(`/proc/self/ns/${name}`), name);
  }
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${proc}/root`)), []);
  assert.match(await Deno.readTextFile(`${proc}/mountinfo`), /^\S+ \S+ \S+ \/ \/ ro,[^\n]* tmpfs [^\n]*\n$/);
  assert.deepEqual((await Deno.readTextFile(`${proc}/net/dev`)).match(/\w+(?=:)/g), ["lo"]);
  assert.equal(await Deno.readTextFile(`${proc}/environ`).catch(() => ""), "");
  assert.equal(await Deno.readTextFile(`${proc}/oom_score_adj`), "1000\n");
  const limits = await Deno.readTextFile(`${proc}/limits`);
  assert.match(limits, /^Max core file size +0 +0 /m);
  assert.match(limits, /^Max file size +0 +0 /m);
});

Deno.test("each thread of a cell is behind the same filter", { ignore }, async () => {
  await using cell = await startCell();
  await cell.attempt("threads");
  for await (const { name } of Deno.readDir(`/proc/${cell.process.pid}/task`)) {
    const status = await Deno.readTextFile(`/proc/${cell.process.pid}/task/${name}/status`);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.match(status, /^CapBnd:\t0+$/m);
  }
});

Deno.test("the requests to KVM that the jail allows are those that the engine makes", { ignore }, async () => {
  const sources = await Promise.all((await engineFiles()).map((file) => Deno.readTextFile(file)));
  const made = sources.flatMap((text) => [...text.matchAll(/\bioctl\([^;]*?,\s*(\w+)/g)].map(([, name]) => name));
  const filter = await Deno.readTextFile(join(CELL_SOURCES, "seccomp.c"));
  const allowed = /ioctls\[\] = \{([^}]*)\}/.exec(filter)![1].match(/\w+/g)!;
  const known = (name: string) => name === "SCAN_REQUEST" ? "SCAN_PAGES" : name;
  assert.deepEqual([...new Set(allowed)].sort(), [...new Set(made.map(known))].sort());
});
