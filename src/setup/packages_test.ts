import assert from "node:assert/strict";
import { join } from "node:path";
import { OperatorError } from "../errors.ts";
import { Cache } from "./cache.ts";
import { sha256 } from "./hash.ts";
import { packageRecipe } from "./packages.ts";
import type { Pin } from "./pins.ts";

interface Place {
  readonly dir: string;
  readonly cache: Cache;
  /** Only what is in `bin` is on PATH. */
  readonly env: Record<string, string>;
}

async function withPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const name of ["bin", "cache"]) await Deno.mkdir(join(dir, name));
    await work({ dir, cache: new Cache(join(dir, "cache"), () => {}), env: { PATH: join(dir, "bin"), HOME: dir } });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const PIN: Pin = {
  name: "little",
  version: "1.0",
  kind: "wheel",
  megabytes: 1,
  archiveSha256: sha256("nothing has this"),
  keep: { from: "little", to: "little" },
  manifestSha256: "",
};

async function fakePython({ dir }: Place, script: string): Promise<void> {
  const path = join(dir, "bin", "python3");
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`);
  await Deno.chmod(path, 0o755);
}

async function refusal(place: Place, pin = PIN): Promise<OperatorError> {
  const error = await place.cache.folder(packageRecipe(pin, place.env, () => {})).then(() => null, (error) => error);
  assert.ok(error instanceof OperatorError, `an operator's error, not ${error?.stack ?? error}`);
  return error;
}

Deno.test("no python3 is told, with what to install", () =>
  withPlace(async (place) => {
    const { message, hint } = await refusal(place);
    assert.equal(message, "Cannot set up little: python3 is not on PATH");
    assert.match(hint, /python3-pip/);
  }));

Deno.test("a python3 without pip is told, with what to install", () =>
  withPlace(async (place) => {
    await fakePython(place, 'echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    const { message, hint } = await refusal(place);
    assert.equal(message, "Cannot set up little: python3 has no pip");
    assert.match(hint, /python3-pip/);
  }));

Deno.test("what pip says of an unreachable index is told, with how to see all of it", () =>
  withPlace(async (place) => {
    const said = "Could not find a version that satisfies the requirement little==1.0 (from versions: none)";
    await fakePython(place, `echo "Looking"; echo "WARNING: Retrying" >&2; echo "ERROR: ${said}" >&2; exit 1`);
    const { message, hint } = await refusal(place);
    assert.equal(message, `Cannot set up little: ${said}`);
    assert.match(hint, /python3 -m pip download --no-deps little==1\.0$/);
  }));

Deno.test("a full disk is told, with what to do", () =>
  withPlace(async (place) => {
    await fakePython(place, 'echo "ERROR: Could not install: [Errno 28] No space left on device" >&2; exit 1');
    const { message, hint } = await refusal(place);
    assert.equal(message, `Cannot set up little: no space is left in ${place.cache.dir}`);
    assert.match(hint, /XDG_CACHE_HOME/);
  }));

/** The machine's own pip, with a folder for its package index. */
async function useLocalIndex(place: Place, archive: string, files: Record<string, string>): Promise<string> {
  const index = join(place.dir, "index");
  await Deno.mkdir(index);
  Object.assign(place.env, {
    PATH: Deno.env.get("PATH"),
    PIP_NO_INDEX: "1",
    PIP_FIND_LINKS: index,
    PIP_CONFIG_FILE: "/dev/null",
  });
  const script = `
import io, json, sys, tarfile, zipfile
files = json.loads(sys.argv[2])
if sys.argv[1].endswith(".whl"):
    with zipfile.ZipFile(sys.argv[1], "w") as wheel:
        for name, text in files.items(): wheel.writestr(name, text)
else:
    with tarfile.open(sys.argv[1], "w:gz") as source:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            source.addfile(info, io.BytesIO(text.encode()))
`;
  const path = join(index, archive);
  const made = await new Deno.Command("python3", { args: ["-c", script, path, JSON.stringify(files)] }).output();
  assert.ok(made.success, new TextDecoder().decode(made.stderr));
  return sha256(await Deno.readFile(path));
}

const WHEEL = {
  "little/data": "text",
  "little-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: little\nVersion: 1.0\nRequires-Python: >=99\n",
  "little-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  "little-1.0.dist-info/RECORD": "",
};
const manifestSha256 = sha256(`${sha256("text")}  little/data\n`);

Deno.test("a package with the pinned hash is unpacked, and only the part that is kept stays", () =>
  withPlace(async (place) => {
    const archiveSha256 = await useLocalIndex(place, "little-1.0-py3-none-any.whl", WHEEL);
    const folder = await place.cache.folder(
      packageRecipe({ ...PIN, archiveSha256, manifestSha256 }, place.env, () => {}),
    );
    assert.equal(await Deno.readTextFile(join(folder, "little/data")), "text");
    assert.deepEqual((await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort(), [
      "little",
      "manifest",
    ]);
  }));

Deno.test("a package with another hash than the pinned one is refused", () =>
  withPlace(async (place) => {
    await useLocalIndex(place, "little-1.0-py3-none-any.whl", WHEEL);
    const { message, hint } = await refusal(place, { ...PIN, manifestSha256 });
    assert.equal(message, "Cannot set up little: what pip fetched does not have the pinned hash");
    assert.match(hint, /pip config/);
  }));

Deno.test("a source package is unpacked without running anything of it", () =>
  withPlace(async (place) => {
    const marker = join(place.dir, "it-ran");
    const archiveSha256 = await useLocalIndex(place, "little-1.0.tar.gz", {
      "little-1.0/PKG-INFO": "Metadata-Version: 2.1\nName: little\nVersion: 1.0\n",
      "little-1.0/pyproject.toml":
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
      "little-1.0/setup.py": `open(${JSON.stringify(marker)}, "w")\n`,
      "little-1.0/little/data": "text",
    });
    const pin: Pin = {
      ...PIN,
      ...{ kind: "source", archiveSha256, manifestSha256, keep: { from: "little-1.0/little", to: "little" } },
    };
    const folder = await place.cache.folder(packageRecipe(pin, place.env, () => {}));
    assert.equal(await Deno.readTextFile(join(folder, "little/data")), "text");
    await assert.rejects(Deno.stat(marker), Deno.errors.NotFound);
  }));
