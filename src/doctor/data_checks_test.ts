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
      "runtimes/x": 1,
    };
    for (const [path, mb] of Object.entries(sizes)) {
      await Deno.mkdir(dirname(join(data, path)), { recursive: true });
      await Deno.writeFile(join(data, path), new Uint8Array(mb * 1024 * 1024).fill(1));
    }
    // A version has its packages by a link: they are there once, and its own.
    await Deno.mkdir(join(data, "python/acme/1"));
    await Deno.link(join(data, "versions/acme/f/1"), join(data, "python/acme/1/packages.image"));
    const [{ detail }] = await dataChecks(data);
    assert.equal(
      detail,
      "11 MB in all, @acme 9 MB (6 MB of them kept packages), functions outside of @ folders 1 MB, runtimes 1 MB",
    );
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});
