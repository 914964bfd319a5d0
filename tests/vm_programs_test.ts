import assert from "node:assert/strict";
import { join } from "node:path";
import { TempDir } from "./fakes/temp_dir.ts";
import { compileProgram, has, inVm, onHost, startInVm, WITHOUT_KVM as ignore } from "./harness/vm.ts";
import { runTool } from "../src/setup/tool.ts";

/** Programs in microVMs, unmodified. */

const features = await TempDir.make();
const FEATURES = ignore ? "" : await compileProgram("features", { folder: features.path });
globalThis.addEventListener("unload", () => Deno.removeSync(features.path, { recursive: true }));

const PYTHON = new TextDecoder().decode(
  (await new Deno.Command("python3", { args: ["-c", "import sys; print(sys.executable)"] }).output()).stdout,
).trim();

// ---- C, in every shape ------------------------------------------------------------------------------------

const SHAPES: Readonly<Record<string, { readonly flags: readonly string[]; readonly compiler?: string }>> = {
  "dynamic and position-independent": { flags: ["-pie", "-fPIE"] },
  "dynamic at a fixed address": { flags: ["-no-pie", "-fno-pie"] },
  "static": { flags: ["-static"] },
  "static and position-independent": { flags: ["-static-pie", "-fPIE"] },
  "for this very CPU": { flags: ["-O3", "-march=native"] },
  "static with musl": { flags: ["-static"], compiler: "musl-gcc" },
  "dynamic with musl": { flags: [], compiler: "musl-gcc" },
};

for (const [shape, { flags, compiler = "cc" }] of Object.entries(SHAPES)) {
  const isThere = Deno.env.get("CI") === "true" || await has([compiler, "--version"]);
  Deno.test({
    name: `a C program does in a VM what it does beside it: ${shape}${
      isThere ? "" : ` (left out: there is no ${compiler})`
    }`,
    ignore: ignore || !isThere,
    fn: async () => {
      await using dir = await TempDir.make();
      const program = await compileProgram("features", { folder: dir.path, flags, compiler });
      const expected = await onHost([program], { env: { FEATURE: "set" } });
      assert.equal(expected.code, 42, expected.stderr);
      assert.deepEqual(await inVm([program], { options: ["--env", "FEATURE=set"] }), expected);
    },
  });
}

// ---- languages -------------------------------------------------------------------------------------------

interface Language {
  /** Says that it is there. */
  readonly probe: readonly string[];
  /** What is written and made before, in a folder. */
  readonly file?: readonly [name: string, text: string];
  readonly make?: readonly string[];
  readonly command: (folder: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly says: string;
}

const JAVA = `public class Sum {
  public static void main(String[] args) throws Exception {
    var threads = new Thread[3];
    var sum = new java.util.concurrent.atomic.AtomicLong();
    for (int i = 0; i < 3; i++) (threads[i] = new Thread(() -> { for (int n = 0; n < 1000; n++) sum.addAndGet(n); })).start();
    for (var thread : threads) thread.join();
    System.out.println(sum);
  }
}`;
const RUST = `use std::{collections::HashMap, sync::mpsc, thread};
fn main() {
    let (send, receive) = mpsc::channel();
    for part in 0..3 { let send = send.clone(); thread::spawn(move || send.send((part, (0..1000).sum::<u64>())).unwrap()); }
    drop(send);
    let sums: HashMap<_, _> = receive.iter().collect();
    println!("{}", sums.values().sum::<u64>());
}`;
const PYTHON_CODE = `
import json, hashlib, os, sys, threading, tempfile, decimal, zlib, re, datetime, random
sums = []
threads = [threading.Thread(target=lambda: sums.append(sum(range(1000)))) for _ in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
with tempfile.NamedTemporaryFile() as f:
    f.write(b"x" * 5000); f.flush()
    assert os.stat(f.name).st_size == 5000
assert zlib.decompress(zlib.compress(b"a" * 100)) == b"a" * 100
print(json.dumps({"sum": sum(sums), "hash": hashlib.sha256(b"a").hexdigest()[:8]}))
`;
const JAVASCRIPT = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let sum = 0;
for (let i = 0; i < 3e6; i++) sum = (sum + i) % 1000;
Promise.all([wait(2), wait(1)]).then(() => console.log(JSON.stringify({ sum })));
`;

const LANGUAGES: Readonly<Record<string, Language>> = {
  "a shell": {
    probe: ["sh", "-c", "true"],
    command: () => ["sh", "-c", "echo $((6 * 7)) > /tmp/x; read a < /tmp/x; echo $a"],
    says: "42\n",
  },
  "CPython": {
    probe: ["python3", "-c", "1"],
    command: () => [PYTHON, "-c", PYTHON_CODE],
    says: '{"sum": 1498500, "hash": "ca978112"}\n',
  },
  "Node": { probe: ["node", "-v"], command: () => ["node", "-e", JAVASCRIPT], says: '{"sum":0}\n' },
  "Deno": {
    probe: [Deno.execPath(), "-V"],
    file: ["main.js", JAVASCRIPT],
    command: (
      folder,
    ) => [Deno.execPath(), "run", "--no-remote", "--no-config", "--no-lock", "--no-check", `${folder}/main.js`],
    env: { DENO_DIR: "/tmp/deno", DENO_NO_UPDATE_CHECK: "1" },
    says: '{"sum":0}\n',
  },
  "Go": { probe: ["go", "version"], command: () => ["gofmt"], says: "package p\n\nvar a = 1\n" },
  "Java": {
    probe: ["javac", "-version"],
    file: ["Sum.java", JAVA],
    make: ["javac", "Sum.java"],
    command: (folder) => ["java", "-Xmx128m", "-cp", folder, "Sum"],
    says: "1498500\n",
  },
  "Rust": {
    probe: ["rustc", "-V"],
    file: ["sum.rs", RUST],
    make: ["rustc", "-O", "sum.rs"],
    command: (folder) => [`${folder}/sum`],
    says: "1498500\n",
  },
};

for (const [language, { probe, file, make, command, env = {}, says }] of Object.entries(LANGUAGES)) {
  const isThere = await has(probe);
  Deno.test({
    name: `a program of another world runs: ${language}${isThere ? "" : ` (left out: there is no ${probe[0]})`}`,
    ignore: ignore || !isThere,
    fn: async () => {
      await using dir = await TempDir.make();
      if (file) await Deno.writeTextFile(join(dir.path, file[0]), file[1]);
      if (make) await runTool(make, { env: Deno.env.toObject(), cwd: dir.path, hint: "" });
      const options = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
      const stdin = language === "Go" ? "package p\nvar   a = 1" : "";
      const { stdout, stderr, code } = await inVm(command(dir.path), { cwd: dir.path, options, stdin });
      assert.deepEqual({ stdout, code }, { stdout: says, code: 0 }, stderr);
    },
  });
}

// ---- streams and endings --------------------------------------------------------------------------------

Deno.test({
  name: "input and output stream: each answer comes before the next request is sent",
  ignore,
  fn: async () => {
    const child = await startInVm(["cat"]);
    const writer = child.stdin.getWriter();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    for (const piece of ["one", "two", "three"]) {
      await writer.write(new TextEncoder().encode(piece));
      assert.equal((await reader.read()).value, piece);
    }
    await writer.close();
    assert.equal((await reader.read()).done, true);
    await child.stderr.cancel();
    assert.equal((await child.status).code, 0);
  },
});

Deno.test({
  name: "megabytes pass both ways unchanged",
  ignore,
  fn: async () => {
    const stdin = Array.from({ length: 200_000 }, (_, at) => `line ${at}\n`).join("");
    const { stdout, code } = await inVm(["cat"], { stdin });
    assert.equal(code, 0);
    assert.ok(stdout === stdin, "the same bytes");
  },
});

for (
  const [what, command, expected] of [
    ["exit 7", ["sh", "-c", "exit 7"], 7],
    ["exit 255", ["sh", "-c", "exit 255"], 255],
    ["SIGABRT", [FEATURES, "abort"], 134],
    ["SIGKILL of its own", ["sh", "-c", "kill -9 $$"], 137],
    ["SIGTERM of its own", ["sh", "-c", "kill $$"], 143],
  ] as const
) {
  Deno.test({
    name: `the exit status passes through: ${what}`,
    ignore,
    fn: async () => assert.equal((await inVm(command)).code, expected),
  });
}

Deno.test({
  name: "what a program writes to standard error stays apart",
  ignore,
  fn: async () => {
    const { stdout, stderr } = await inVm(["sh", "-c", "echo out; echo err >&2"]);
    assert.deepEqual({ stdout, stderr }, { stdout: "out\n", stderr: "err\n" });
  },
});

Deno.test({
  name: "a guest forks nothing, and is told so",
  ignore,
  fn: async () => assert.equal((await inVm([FEATURES, "fork"])).stdout, "EAGAIN\n"),
});

// ---- limits ------------------------------------------------------------------------------------------------

for (
  const [what, code] of [
    ["computes", "while True: pass"],
    ["calls", "import os\nwhile True: os.getppid()"],
    ["faults", "import mmap\nwhile True:\n m = mmap.mmap(-1, 1 << 20)\n m[5] = 1\n m.close()"],
    ["sleeps", "import time; time.sleep(1000)"],
    ["waits for its input", "import sys; sys.stdin.read()"],
    [
      "waits for its own threads",
      "import threading; e = threading.Event(); threading.Thread(target=e.wait).start(); e.wait(1000)",
    ],
  ] as const
) {
  Deno.test({
    name: `a deadline ends a guest that ${what}`,
    ignore,
    fn: async () => {
      const child = await startInVm([PYTHON, "-c", code], { options: ["--deadline-ms", "400"] });
      const { code: status, stderr } = await child.output();
      await child.stdin.close().catch(() => {});
      assert.equal(status, 124);
      assert.match(new TextDecoder().decode(stderr), /^Error: python[\d.]* took longer than its 400 ms\nTry: /);
    },
  });
}

Deno.test({
  name: "a guest has no more memory than it was given",
  ignore,
  fn: async () => {
    const code = "x = []\nwhile True: x.append(bytearray(1 << 20))";
    const { code: status, stderr } = await inVm([PYTHON, "-c", code], { options: ["--memory", "64"] });
    assert.notEqual(status, 0);
    assert.match(stderr, /^Error: python[\d.]* used up its 64 MB of memory\nTry: more --memory\n$|MemoryError/);
  },
});

// ---- what it sees --------------------------------------------------------------------------------------------

Deno.test({
  name: "a guest is a user of its own, and the host's accounts are not its business",
  ignore,
  fn: async () => {
    const code = "import os, pwd, grp; me = pwd.getpwuid(os.getuid())\n" +
      "print(me.pw_name, me.pw_dir, grp.getgrgid(os.getgid()).gr_name, len(pwd.getpwall()))\n" +
      "for change in os.unlink, lambda path: os.rename(path, '/tmp/x'), lambda path: os.chmod(path, 0o600):\n" +
      "  try: change('/etc/passwd'); print('changed')\n" +
      "  except PermissionError: pass";
    const { stdout, stderr } = await inVm([PYTHON, "-c", code]);
    assert.equal(stdout, "function /tmp function 2\n", stderr);
  },
});

const LOOK = `
import os, sys
for path in sys.argv[1:]:
    try: print(path, os.path.isdir(path) and sorted(os.listdir(path)) or open(path).read())
    except OSError as error: print(path, type(error).__name__)
`;

Deno.test({
  name: "a guest sees what it was shown, and nothing else of this host",
  ignore,
  fn: async () => {
    await using shown = await TempDir.make();
    await using hidden = await TempDir.make();
    await Deno.writeTextFile(join(hidden.path, "secret"), "secret");
    await Deno.writeTextFile(join(shown.path, "file"), "shown");
    await Deno.symlink(join(hidden.path, "secret"), join(shown.path, "link"));
    const paths = ["file", "link", "../secret"].map((name) => `${shown.path}/${name}`);
    const outside = [join(hidden.path, "secret"), "/etc/shadow", "/etc/machine-id", "/etc/hostname", "/root", "/var"];
    const { stdout } = await inVm([PYTHON, "-c", LOOK, ...paths, ...outside], { cwd: shown.path });
    const [first, ...others] = stdout.trimEnd().split("\n");
    assert.equal(first, `${paths[0]} shown`);
    for (const line of others) assert.match(line, /(FileNotFoundError|PermissionError)$|^\/root \['\.pyenv'\]$/, line);
  },
});

Deno.test({
  name: "what a guest writes stays in it",
  ignore,
  fn: async () => {
    await using shown = await TempDir.make();
    await Deno.writeTextFile(join(shown.path, "file"), "before");
    const script = "echo after > file; echo new > new; read a < file; read b < new; echo $a $b; echo x > /usr/bin/sh";
    const { stdout } = await inVm([
      "sh",
      "-c",
      script,
    ], {
      cwd: shown.path,
    });
    assert.equal(stdout, "after new\n");
    assert.equal(await Deno.readTextFile(join(shown.path, "file")), "before");
    assert.deepEqual((await Array.fromAsync(Deno.readDir(shown.path))).map(({ name }) => name), ["file"]);
  },
});

Deno.test({
  name: "a folder that holds secrets is not shown because a program was started in it",
  ignore,
  fn: async () => {
    await using home = await TempDir.make();
    await Deno.writeTextFile(join(home.path, "secret"), "secret");
    const { stdout, code } = await inVm(
      [PYTHON, "-c", `import os; print(os.getcwd(), os.path.exists("${home.path}"))`],
      {
        cwd: home.path,
        env: { HOME: home.path },
      },
    );
    assert.deepEqual({ stdout, code }, { stdout: "/ False\n", code: 0 });
  },
});

Deno.test({
  name: "a guest gets its own environment alone",
  ignore,
  fn: async () => {
    const code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), os.environ['A'])";
    const { stdout } = await inVm([PYTHON, "-c", code], {
      env: { SECRET: "secret", HOME: "/nowhere", LANG: "C" },
      options: ["--env", "A=b", "--env", "PATH=/bin"],
    });
    assert.match(stdout, /^\['A', 'HOME', 'LANG', 'PATH'(, 'TZ')?\] b\n$/);
  },
});
