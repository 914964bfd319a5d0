import assert from "node:assert/strict";
import { join } from "node:path";
import { BuildError, PACKAGES, PassingError } from "../tiers/tier.ts";
import { installRequired } from "./required.ts";
import { RequirementError } from "./requirements.ts";
import type { Root } from "./root.ts";
import type { Source } from "./sources.ts";

const ONE = "one==1 sha256:01";

/** A function's requirements.txt, and installations of `found`, one after the other; an error is one that fails. */
async function withRequired(
  found: readonly (string | Error)[],
  test: (required: Awaited<ReturnType<typeof installRequired>>, folder: string, asked: () => number) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-required-" });
  try {
    await Deno.writeTextFile(join(folder, "requirements.txt"), "one==1");
    await Deno.mkdir(join(folder, "version"));
    let asked = 0;
    const install = async (_: string, text: string) => {
      assert.equal(text, "one==1");
      const next = found[asked++];
      if (next instanceof Error) throw next;
      const image = join(folder, `image-${asked}`);
      await Deno.writeTextFile(image, `${asked}`);
      return { image, packages: [next] };
    };
    const root = {
      tenant: "acme",
      lock: null,
      mirror: { files: new Map([["requirements.txt", {}]]), pathOf: (file: string) => join(folder, file) },
    };
    const required = await installRequired({ install }, {
      root: root as unknown as Root,
      source: { folder: null } as Source,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    assert.deepEqual(required.made.packages, [found[0]]);
    await test(required, folder, () => asked);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const staged = (folder: string) => Deno.readTextFile(join(folder, "version", PACKAGES));

Deno.test("packages are put beside a version as they were installed", () =>
  withRequired([ONE], async (required, folder) => {
    await required.stage(join(folder, "version"));
    assert.equal(await staged(folder), "1");
  }));

Deno.test("packages that went for others before a version has them are installed again, once", async () => {
  await withRequired([ONE, ONE], async (required, folder) => {
    await Deno.remove(join(folder, "image-1"));
    await required.stage(join(folder, "version"));
    assert.equal(await staged(folder), "2");
  });
});

Deno.test("a version never has other packages than it is made of", () =>
  withRequired([ONE, "one==1 sha256:02"], async (required, folder) => {
    await Deno.remove(join(folder, "image-1"));
    await assert.rejects(required.stage(join(folder, "version")), PassingError);
    await assert.rejects(staged(folder), Deno.errors.NotFound);
  }));

Deno.test("a version's folder that is gone is no reason to install again without end", () =>
  withRequired([ONE, ONE], async (required, folder, asked) => {
    await assert.rejects(required.stage(join(folder, "none")), Deno.errors.NotFound);
    assert.equal(asked(), 2);
  }));

Deno.test("packages that cannot be installed again fail the build at their line", () =>
  withRequired([ONE, new RequirementError("Cannot install one", 1)], async (required, folder) => {
    await Deno.remove(join(folder, "image-1"));
    await assert.rejects(
      required.stage(join(folder, "version")),
      (error) => error instanceof BuildError && error.place?.file === "requirements.txt" && error.place.line === 1,
    );
  }));
