import assert from "node:assert/strict";
import { join } from "node:path";
import { CellProtocol } from "../../../ffi/layout.ts";
import type { RuntimeImage } from "../../../runtimes/runtime.ts";
import { Images } from "./images.ts";
import type { Runtimes } from "./runtimes.ts";
import { neededBy, readVersion, RECORD, SNAPSHOT, type VersionParts } from "./version_snapshot.ts";

const SOUND = {
  runtime: "python-1",
  images: ["node"],
  views: ["files.image"],
  protocol: CellProtocol.FRAMES,
  tcpPort: 0,
  madeAtMs: 5,
};
const RUNTIME = {
  id: "python-1",
  file: "runtime",
  parent: null,
  views: [],
  protocol: CellProtocol.FRAMES,
  tcpPort: 0,
  madeAtMs: 1,
};

const node: RuntimeImage = { name: "node", key: () => Promise.resolve("k"), imageFiles: () => Promise.resolve([]) };

const runtimes: Pick<Runtimes, "find"> = {
  find: (id) => id === RUNTIME.id ? Promise.resolve(RUNTIME) : Promise.reject(new Error("it is gone")),
};
const PARTS: VersionParts = {
  runtimes: runtimes as Runtimes,
  images: new Images(({ name }) => Promise.resolve({ file: `${name}.image`, key: "k" })),
  known: [node],
};

/** Of a folder of versions with these records. */
async function withVersions(
  records: Readonly<Record<string, string>>,
  test: (versions: string) => Promise<void>,
): Promise<void> {
  const versions = await Deno.makeTempDir({ prefix: "mayfly-versions-" });
  try {
    for (const [path, record] of Object.entries(records)) {
      await Deno.mkdir(join(versions, path), { recursive: true });
      await Deno.writeTextFile(join(versions, path, RECORD), record);
      await Deno.writeTextFile(join(versions, path, SNAPSHOT), "");
    }
    await test(versions);
  } finally {
    await Deno.remove(versions, { recursive: true });
  }
}

Deno.test("a version is what its record says, wherever its folder is by now", () =>
  withVersions({ "acme/f/v": JSON.stringify(SOUND) }, async (versions) => {
    const snapshot = await readVersion(join(versions, "acme/f/v"), PARTS);
    assert.equal(snapshot.parent, RUNTIME);
    snapshot.folder = "elsewhere";
    assert.equal(snapshot.file, join("elsewhere", SNAPSHOT));
    assert.deepEqual(snapshot.views.map(({ file }) => file), ["node.image", join("elsewhere", "files.image")]);
  }));

for (
  const [what, record] of Object.entries({
    "is no JSON": "{",
    "is nothing": "null",
    "names a path": JSON.stringify({ ...SOUND, views: ["../other/files.image"] }),
    "names a folder": JSON.stringify({ ...SOUND, views: [".."] }),
    "names an image that there is none of": JSON.stringify({ ...SOUND, images: ["perl"] }),
    "names a runtime that is gone": JSON.stringify({ ...SOUND, runtime: "python-2" }),
    "has a protocol that there is none of": JSON.stringify({ ...SOUND, protocol: 99 }),
    "has no time": JSON.stringify({ ...SOUND, madeAtMs: null }),
  })
) {
  Deno.test(`a version whose record ${what} is not loaded`, () =>
    withVersions({ "acme/f/v": record }, async (versions) => {
      await assert.rejects(() => readVersion(join(versions, "acme/f/v"), PARTS));
    }));
}

Deno.test("what versions need is found over all tenants, and what cannot be read needs nothing", () =>
  withVersions({
    "acme/f/v1": JSON.stringify(SOUND),
    "b/g/v1": JSON.stringify({ ...SOUND, runtime: "deno-1", images: [] }),
    "b/g/v2": JSON.stringify({ ...SOUND, runtime: null, images: ["native"] }),
    "b/h/v1": "{",
  }, async (versions) => {
    const { runtimes, images } = await neededBy(versions);
    assert.deepEqual([[...runtimes].toSorted(), [...images].toSorted()], [["deno-1", "python-1"], ["native", "node"]]);
    assert.equal((await neededBy(join(versions, "nowhere"))).runtimes.size, 0);
  }));
