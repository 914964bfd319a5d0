import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { LIMITS } from "../../limits.ts";
import { FILE_PACK } from "../../state/file_pack.ts";
import { type Artifact, FILES, PACKAGES } from "../tier.ts";
import { keepFiles, keptFiles } from "./own_files.ts";

interface Kept {
  readonly folder: string;
  /** What was packed to an image, and where guests see it. */
  readonly packed: string[];
}

/** Keeps staged files of so many bytes for a function in that language. */
async function withKept(
  language: Artifact["language"],
  sizes: Readonly<Record<string, number>>,
  test: (kept: Kept) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-files-" });
  try {
    for (const [path, size] of Object.entries(sizes)) {
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      await Deno.writeFile(join(folder, path), new Uint8Array(size));
    }
    const packed: string[] = [];
    await keepFiles({ language }, folder, async (to, sources) => {
      packed.push(...sources.map(({ host, path }) => `${host.slice(folder.length + 1)} at ${path}`));
      await Deno.writeTextFile(to, "");
    });
    await assert.rejects(() => Deno.stat(join(folder, FILES)), Deno.errors.NotFound);
    await test({ folder, packed });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const MOST = LIMITS.filesInSnapshotBytes;

Deno.test("small files of a Python function go to the guest's memory, those of others into an image", async () => {
  const sizes = { [`${FILES}/f.py`]: 10, [`${FILES}/sub/data`]: MOST - 10 };
  await withKept("python", sizes, async ({ folder, packed }) => {
    const { pack, views } = await keptFiles(folder);
    assert.ok(pack!.length > MOST && (await Deno.stat(join(folder, FILE_PACK))).size === pack!.length);
    assert.deepEqual([views, packed], [[], []]);
  });
  await withKept("native", sizes, async ({ folder, packed }) => {
    assert.deepEqual(await keptFiles(folder), { pack: null, views: ["files.image"] });
    assert.deepEqual(packed, [`${FILES} at /function`]);
  });
});

Deno.test("files of a Python function that are a byte too large together become an image", () =>
  withKept("python", { [`${FILES}/f.py`]: 10, [`${FILES}/data`]: MOST - 9 }, async ({ folder }) => {
    assert.deepEqual(await keptFiles(folder), { pack: null, views: ["files.image"] });
  }));

Deno.test("packages are a view of their own, with files and without", async () => {
  await withKept("python", { [PACKAGES]: 1 }, async ({ folder }) => {
    assert.deepEqual(await keptFiles(folder), { pack: null, views: [PACKAGES] });
  });
  await withKept("native", { [PACKAGES]: 1, [`${FILES}/server`]: 1 }, async ({ folder }) => {
    assert.deepEqual(await keptFiles(folder), { pack: null, views: ["files.image", PACKAGES] });
  });
});
