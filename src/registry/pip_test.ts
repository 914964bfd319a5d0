import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeWheel } from "../../tests/harness/wheel.ts";
import { Pip } from "./pip.ts";
import { parseRequirements, RequirementError } from "./requirements.ts";

const signal = new AbortController().signal;
const env = Deno.env.toObject();

interface Place {
  /** What pip finds packages in. */
  readonly index: string;
  readonly folder: string;
  download(text: string): Promise<string[]>;
  unpack(): Promise<string>;
}

async function withPip(test: (place: Place) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-pip-" });
  const [index, wheels, scratch, cache, unpacked] = ["index", "wheels", "scratch", "cache", "unpacked"]
    .map((name) => join(folder, name));
  for (const made of [index, wheels, scratch]) await Deno.mkdir(made);
  const pip = new Pip({
    env: { ...env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: index },
    timeoutMs: 120_000,
    fileMb: 100,
  });
  const found = () => [...Deno.readDirSync(wheels)].map(({ name }) => name).sort();
  try {
    await test({
      index,
      folder,
      async download(text) {
        await pip.download(parseRequirements(text), wheels, { cache, scratch, signal });
        return found();
      },
      async unpack() {
        await pip.unpack(found().map((name) => join(wheels, name)), unpacked, { scratch, signal });
        return unpacked;
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const BACKEND = `
import pathlib
def _found(*_, **__): pathlib.Path("MARKER").write_text("code of a package ran")
get_requires_for_build_wheel = prepare_metadata_for_build_wheel = build_wheel = _found
_found()
`;

const SDIST = `
import io, json, sys, tarfile
with tarfile.open(sys.argv[1], "w:gz") as archive:
    for path, text in json.loads(sys.argv[2]).items():
        member = tarfile.TarInfo(f"sub-1.0/{path}")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
`;

async function writeSource(file: string, marker: string): Promise<void> {
  const files = {
    "PKG-INFO": "Metadata-Version: 2.1\nName: sub\nVersion: 1.0\n",
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    "backend.py": BACKEND.replace("MARKER", marker),
  };
  const { success } = await new Deno.Command("python3", { args: ["-c", SDIST, file, JSON.stringify(files)] }).output();
  assert.ok(success);
}

Deno.test("wheels are fetched with what they require, and unpacked", () =>
  withPip(async ({ index, download, unpack }) => {
    await writeWheel(index, "one", "1.0", { "one.py": "ONE = 1\n" }, ["two>=1"]);
    await writeWheel(index, "two", "1.5", { "two/__init__.py": "TWO = 2\n" });
    assert.deepEqual(await download("one==1.0"), ["one-1.0-py3-none-any.whl", "two-1.5-py3-none-any.whl"]);
    const unpacked = await unpack();
    assert.equal(await Deno.readTextFile(join(unpacked, "one.py")), "ONE = 1\n");
    assert.equal([...Deno.readDirSync(join(unpacked, "two", "__pycache__"))].length, 1);
  }));

Deno.test("what the index does not have is refused, with the versions that it has", () =>
  withPip(async ({ index, download }) => {
    await writeWheel(index, "one", "1.0", { "one.py": "" });
    const lacks = "the index has no such package or version, or no wheel of it for this Python";
    await assert.rejects(download("nothing-like-it==1.0"), {
      message: `Cannot install nothing-like-it==1.0: ${lacks}`,
    });
    const others = `Cannot install one==2.0: ${lacks}; there are 1.0`;
    await assert.rejects(download("one==2.0"), { message: others });
  }));

Deno.test("a package that another one names by its address is refused, and its code does not run", async (t) => {
  await withPip(async ({ index, folder, download }) => {
    const marker = join(folder, "marker");
    await writeSource(join(folder, "sub-1.0.tar.gz"), marker);
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async () => new Response(await Deno.readFile(join(folder, "sub-1.0.tar.gz"))),
    );
    const addresses = [
      `file://${folder}/sub-1.0.tar.gz`,
      `http://127.0.0.1:${server.addr.port}/sub-1.0.tar.gz`,
      `git+http://127.0.0.1:${server.addr.port}/sub`,
      "git+ssh://127.0.0.1:1/sub",
    ];
    for (const [at, address] of addresses.entries()) {
      await t.step(address.split(":")[0], async () => {
        await writeWheel(index, `evil${at}`, "1.0", { "evil.py": "" }, [`sub @ ${address}`]);
        await assert.rejects(download(`evil${at}==1.0`), (error) => {
          assert.ok(error instanceof RequirementError);
          assert.match(error.message, new RegExp(`evil${at} requires sub ?@ `));
          assert.ok(error.message.includes(address), error.message);
          return true;
        });
        await assert.rejects(Deno.stat(marker), Deno.errors.NotFound);
      });
    }
  });
});

/** Whether this kernel confines what a process can read. */
const HAS_LANDLOCK = new TextDecoder().decode(
  new Deno.Command("python3", {
    args: ["-c", "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1) > 0)"],
  }).outputSync().stdout,
).trim() === "True";
const IS_ROOT = Deno.uid() === 0;

const ATTACKS: Record<string, { code: string; ignore?: boolean }> = {
  "runs a program": { code: "import subprocess; subprocess.run(['true'])" },
  "becomes a program": { code: "os.execv('/bin/true', ['true'])" },
  "forks": { code: "os.fork()" },
  "asks a shell": { code: "os.system('true')" },
  "loads a library": { code: "import ctypes; ctypes.CDLL('libc.so.6')" },
  "starts a program below Python": {
    code:
      "import _posixsubprocess, errno; r, w = os.pipe(); _posixsubprocess.fork_exec([b'/bin/true'], [b'/bin/true'], " +
      "True, (w,), None, None, -1, -1, -1, -1, -1, -1, r, w, True, False, 0, None, None, None, -1, None, False); " +
      "os.close(w); assert not os.read(r, 100)",
    ignore: !HAS_LANDLOCK,
  },
  "reads a file of the server": { code: "open(SECRET).read()", ignore: !HAS_LANDLOCK },
  "reads the users' passwords": { code: "open('/etc/shadow').read()", ignore: !HAS_LANDLOCK && !IS_ROOT },
  "lists a folder of the server": { code: "os.listdir(FOLDER)", ignore: !HAS_LANDLOCK },
  "writes beside its folders": { code: "open(FOLDER + '/new', 'w')", ignore: !HAS_LANDLOCK && !IS_ROOT },
  "changes a file of the server": { code: "open(SECRET, 'a')", ignore: !HAS_LANDLOCK && !IS_ROOT },
  "removes a file of the server": { code: "os.remove(SECRET)", ignore: !HAS_LANDLOCK && !IS_ROOT },
  "signals the server": { code: "os.kill(os.getppid(), 0)", ignore: !HAS_LANDLOCK && !IS_ROOT },
  "becomes root again": { code: "os.setuid(0)", ignore: !IS_ROOT },
};

Deno.test("code that runs in pip's place", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-rights-" });
  const own = join(folder, "own");
  const secret = join(folder, "secret");
  await Deno.mkdir(own);
  await Deno.writeTextFile(secret, "secret", { mode: 0o600 });
  const limited = fileURLToPath(new URL("./limited_python.py", import.meta.url));
  const run = async (code: string) => {
    const program = join(folder, "program.py");
    await Deno.writeTextFile(
      program,
      `import os\nSECRET, FOLDER, OWN = ${JSON.stringify([secret, folder, own])}\n${code}`,
    );
    const args = ["-I", "-B", limited, "1", "10", JSON.stringify([own]), program];
    const { success, stderr } = await new Deno.Command("python3", { args, stdout: "null" }).output();
    return { success, said: new TextDecoder().decode(stderr) };
  };
  try {
    const does = await run(
      "open(OWN + '/new', 'w').write('x'); os.mkdir(OWN + '/a'); os.rename(OWN + '/new', OWN + '/a/b')",
    );
    assert.ok(does.success, does.said);
    assert.equal(await Deno.readTextFile(join(own, "a", "b")), "x");
    for (const [name, { code, ignore = false }] of Object.entries(ATTACKS)) {
      await t.step({
        name: `it ${name}: refused`,
        ignore,
        async fn() {
          const { success, said } = await run(code);
          assert.ok(!success && /PermissionError|AssertionError/.test(said), said);
        },
      });
    }
    assert.equal(await Deno.readTextFile(secret), "secret");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
