import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { bundleLibrary, engineInputs, libraryInputs } from "../build.ts";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));

Deno.test("the library's bundle is the same each time, and names no folder of this machine", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await bundleLibrary(`${folder}/a.js`);
    await bundleLibrary(`${folder}/b.js`);
    const [a, b] = await Promise.all([Deno.readTextFile(`${folder}/a.js`), Deno.readTextFile(`${folder}/b.js`)]);
    assert.equal(a, b);
    assert.ok(!a.includes(REPOSITORY) && !a.includes(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("what names the results covers every source", async () => {
  const { files } = await engineInputs();
  for (const name of ["entry.c", "engine.h", "interpreter.c", "guest.h", "frames.h"]) {
    assert.ok(files.some((file) => file.endsWith(`/${name}`)), name);
  }
  const library = await libraryInputs();
  assert.ok(library.files.some((file) => file.endsWith("/deno.json")));
  const imported = await filesBehind("lib/main.ts");
  assert.ok(imported.some((file) => file.endsWith("/headers.ts")));
  assert.deepEqual(imported.filter((file) => !library.files.includes(file)), []);
});

/** Files of the repository that a script imports, itself included. */
async function filesBehind(script: string): Promise<string[]> {
  const args = ["info", "--json", fileURLToPath(new URL(`../${script}`, import.meta.url))];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { local?: string }[] };
  return modules.flatMap(({ local }) =>
    local?.startsWith(REPOSITORY) && !local.includes("/node_modules/") ? local : []
  );
}
