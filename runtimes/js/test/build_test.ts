import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { bundleLibrary, engineInputs, libraryInputs } from "../build.ts";

Deno.test("the library's bundle is the same each time, and names no folder of this machine", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await bundleLibrary(`${folder}/a.js`);
    await bundleLibrary(`${folder}/b.js`);
    const [a, b] = await Promise.all([Deno.readTextFile(`${folder}/a.js`), Deno.readTextFile(`${folder}/b.js`)]);
    assert.equal(a, b);
    const repository = fileURLToPath(new URL("../../..", import.meta.url));
    assert.ok(!a.includes(repository) && !a.includes(folder));
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
  for (const name of ["main.ts", "headers.ts", "deno.json"]) {
    assert.ok(library.files.some((file) => file.endsWith(`/${name}`)), name);
  }
});
