import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { dataChecks } from "./data_checks.ts";

Deno.test("what takes the disk is told, tenant by tenant and with what is beside versions", async () => {
  const data = await Deno.makeTempDir({ prefix: "mayfly-doctor-" });
  try {
    assert.deepEqual(await dataChecks(data), []);
    const sizes = {
      "versions/home/f/1": 1,
      "versions/acme/f/1": 1,
      "mirror/acme/f.ts": 2,
      "python/acme/cache/x": 4,
      "npm/acme/y": 2,
    };
    for (const [path, mb] of Object.entries(sizes)) {
      await Deno.mkdir(dirname(join(data, path)), { recursive: true });
      await Deno.writeFile(join(data, path), new Uint8Array(mb * 1024 * 1024).fill(1));
    }
    const [{ detail }] = await dataChecks(data);
    assert.equal(
      detail,
      "10 MB in all, Python packages 4 MB, @acme 3 MB, npm packages 2 MB, functions outside of @ folders 1 MB",
    );
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
