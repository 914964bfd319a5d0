import assert from "node:assert/strict";
import { TempDir } from "./fakes/temp_dir.ts";
import { compileProgram, has, inVm, onHost, WITHOUT_KVM as ignore } from "./harness/vm.ts";

/** What few programs ask of Linux, and some cannot do without. */

const PYTHON = new TextDecoder().decode(
  (await new Deno.Command("python3", { args: ["-c", "import sys; print(sys.executable)"] }).output()).stdout,
).trim();

for (
  const [kind, compiler, flags] of [
    ["dynamic", "cc", []],
    ["static and position-independent", "cc", ["-static-pie", "-fPIE"]],
    ["static with musl", "musl-gcc", ["-static"]],
  ] as const
) {
  const isThere = Deno.env.get("CI") === "true" || await has([compiler, "--version"]);
  Deno.test({
    name: `faults, contexts, 200 threads and terabytes are a program's own affair: ${kind}${
      isThere ? "" : ` (left out: there is no ${compiler})`
    }`,
    ignore: ignore || !isThere,
    fn: async () => {
      await using dir = await TempDir.make();
      // musl has no contexts.
      const lacks = compiler === "musl-gcc" ? ["-DWITHOUT_CONTEXTS"] : [];
      const program = await compileProgram("strange", { folder: dir.path, compiler, flags: [...flags, ...lacks] });
      const expected = await onHost([program]);
      assert.equal(expected.code, 0, expected.stderr);
      assert.deepEqual(await inVm([program]), expected);
    },
  });
}

Deno.test({
  name: "every way to a child process is refused as if too many were there",
  ignore,
  fn: async () => {
    await using dir = await TempDir.make();
    const program = await compileProgram("strange", { folder: dir.path });
    const why = "Resource temporarily unavailable";
    const { stdout, code } = await inVm([program, "children"]);
    assert.deepEqual([stdout, code], [`spawn: ${why}\nfork: -1, ${why}\nvfork: -1, ${why}\npopen: 0\n`, 0]);
  },
});

// ---- exec ----------------------------------------------------------------------------------------------------

/** Says what of a process stays and what goes, before and after: run by itself as the second program. */
const REPLACED = `
import os, signal, sys, threading, time
if len(sys.argv) > 1:
    threads = os.listdir("/proc/self/task")
    print("after", sys.argv[1:], os.environ["KEPT"], time.monotonic() >= float(os.environ["BEGAN"]))
    print(threads == [str(os.getpid())], threading.get_native_id() == os.getpid(), open("/proc/self/comm").read().strip())
    print(signal.getsignal(signal.SIGUSR1).name, signal.getsignal(signal.SIGUSR2).name)
    print(os.path.exists("/proc/self/fd/" + sys.argv[1]), os.path.exists("/proc/self/fd/" + sys.argv[2]), os.getcwd())
    sys.exit(7)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGUSR2, print)
stays, goes = os.dup(0), os.dup(0)
os.set_inheritable(stays, True)
os.chdir("/usr")
open("/tmp/text", "w").write("no program")
os.chmod("/tmp/text", 0o755)
for path in ["/nowhere", "/usr", "/etc/passwd", "/usr/bin/env/x", "/tmp/text"]:
    try: os.execv(path, ["x"])
    except OSError as error: print(path, error.strerror)
try: os.execv("/usr/bin/env", ["x" * 1000] * 5000)
except OSError as error: print(error.strerror)
sys.stdout.flush()
for _ in range(3): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
def replace():
    code = sys.orig_argv[2]
    os.execve(sys.executable, ["second", "-c", code, str(stays), str(goes)], {"KEPT": "kept", "BEGAN": str(time.monotonic())})
threading.Thread(target=replace).start()
time.sleep(1000)
`;

Deno.test({
  name: "a program takes another's place: what fails changes nothing, what stays stays",
  ignore,
  fn: async () => {
    const { stdout, stderr, code } = await inVm([PYTHON, "-c", REPLACED]);
    assert.deepEqual(stdout.split("\n").slice(0, 6), [
      "/nowhere No such file or directory",
      "/usr Permission denied",
      "/etc/passwd Permission denied",
      "/usr/bin/env/x Not a directory",
      "/tmp/text Exec format error",
      "Argument list too long",
    ], stderr);
    const [after, threads, signals, files] = stdout.split("\n").slice(6);
    assert.match(after, /^after \['\d+', '\d+'\] kept True$/);
    assert.match(threads, /^True True python/);
    assert.equal(signals, "SIG_IGN SIG_DFL");
    assert.equal(files, "True False /usr");
    assert.equal(code, 7);
  },
});

Deno.test({
  name: "programs that start others do so in a guest: env, shells, scripts",
  ignore,
  fn: async () => {
    const script =
      "import os; open('/tmp/s', 'w').write('#!/bin/sh -e\\necho $0 $1 $A\\n'); os.chmod('/tmp/s', 0o755); " +
      "os.execv('/usr/bin/env', ['env', 'A=b', '/tmp/s', 'hi'])";
    const { stdout, stderr } = await inVm([PYTHON, "-c", script]);
    assert.equal(stdout, "/tmp/s hi b\n", stderr);
    assert.equal((await inVm(["env", "A=c", "sh", "-c", "exec sh -c 'echo $A'"])).stdout, "c\n");
  },
});

// ---- names ----------------------------------------------------------------------------------------------------

const SOCKETS = `
import errno, os, socket, stat
def why(of):
    try: of()
    except OSError as error: return errno.errorcode[error.errno]
def connect(path):
    with socket.socket(socket.AF_UNIX) as client: return why(lambda: client.connect(path))
os.chdir("/tmp")
server = socket.socket(socket.AF_UNIX)
server.bind("a")
print(stat.S_ISSOCK(os.stat("a").st_mode), why(lambda: open("a")), connect("a"))
server.listen()
print(connect("a"), connect("/tmp/../tmp/a"), connect("b"), why(lambda: socket.socket(socket.AF_UNIX).bind("a")))
os.rename("a", "b")
print(connect("a"), connect("b"))
server.close()
print(connect("b"))
os.unlink("b")
open("b", "w").close()
print(connect("b"), why(lambda: socket.socket(socket.AF_UNIX).bind("b")), why(lambda: socket.socket(socket.AF_UNIX).bind("no/b")))
`;

Deno.test({
  name: "a socket that was bound to a path is a file there",
  ignore,
  fn: async () => {
    const { stdout, stderr } = await inVm([PYTHON, "-c", SOCKETS]);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "True ENXIO ECONNREFUSED",
      "None None ENOENT EADDRINUSE",
      "ENOENT None",
      "ECONNREFUSED",
      "ECONNREFUSED EADDRINUSE ENOENT",
    ], stderr);
  },
});

const RIGHTS = `
import errno, os
def why(of):
    try: of()
    except OSError as error: return errno.errorcode[error.errno]
os.mkdir("/tmp/d"); open("/tmp/d/f", "w").close()
for mode in [0, 0o400, 0o100, 0o500, 0o300]:
    os.chmod("/tmp/d", mode)
    print(why(lambda: os.listdir("/tmp/d")), why(lambda: os.stat("/tmp/d/f")), why(lambda: os.chdir("/tmp/d")))
`;

Deno.test({
  name: "a folder's rights hold for its owner",
  ignore,
  fn: async () => {
    const { stdout, stderr } = await inVm([PYTHON, "-c", RIGHTS]);
    const expected = [
      "EACCES EACCES EACCES",
      "None EACCES EACCES",
      "EACCES None None",
      "None None None",
      "EACCES None None",
    ];
    assert.deepEqual(stdout.trimEnd().split("\n"), expected, stderr);
  },
});
