import assert from "node:assert/strict";
import type { BundleReply, BundleRequest, NpmTable } from "./bundle_wire.ts";
import type { Bundler } from "./bundler.ts";
import { JsPrograms } from "./js_program.ts";
import { NO_PACKAGES, type Npm } from "./npm.ts";
import type { ProgramJob } from "./program.ts";
import type { Root } from "./root.ts";
import type { SourceMaps } from "./source_map.ts";

const SPECIFIER = "npm:a@1";
const WHOLE: BundleReply = { id: 1, wanted: [], missing: [], problems: [], bundle: null };
const FACTS = { files: {}, mapped: {}, packages: ["a@1.0.0"], importers: {}, config: null };
const CODE = new Uint8Array([1]);

const tableAt = (folder: string): NpmTable => ({
  specifiers: { [SPECIFIER]: "a@1.0.0" },
  packages: { "a@1.0.0": { name: "a", folder, dependencies: [] } },
});

/** A build whose packages go while it is bundled for the `goAt`-th time, counted from 1. */
async function build(goAt: number, read: BundleReply) {
  let kept = NO_PACKAGES;
  const bundled: NpmTable[] = [];
  const npm = {
    packages: () => "/packages",
    isKept: (_: string, table: NpmTable) => table === NO_PACKAGES || table === kept,
    resolve: (_: string, specifiers: readonly string[]) => {
      assert.deepEqual(specifiers, [SPECIFIER]);
      return Promise.resolve(kept = tableAt(`/packages/${bundled.length}`));
    },
  };
  const bundler = {
    bundle: (_: unknown, { npm: table }: Pick<BundleRequest, "npm">) => {
      bundled.push(table);
      const isGone = bundled.length === goAt;
      if (isGone) kept = NO_PACKAGES;
      const asked = table === NO_PACKAGES ? { ...WHOLE, missing: [SPECIFIER] } : WHOLE;
      return Promise.resolve({ reply: isGone ? read : asked, facts: FACTS, code: CODE, map: CODE });
    },
  };
  const root = {
    tenant: "acme",
    lock: null,
    denoProblem: null,
    denoConfig: { importMap: {}, compilerOptions: {} },
    mirror: { folder: "/mirror", files: new Map() },
    filesOf: () => ({}),
  };
  const programs = new JsPrograms({
    bundler: bundler as unknown as Bundler,
    npm: npm as unknown as Npm,
    maps: {} as SourceMaps,
  });
  const job: ProgramJob = {
    root: root as unknown as Root,
    source: { file: "f.ts", folder: null } as ProgramJob["source"],
    tier: "wasm",
    signal: new AbortController().signal,
    onWanted: () => {},
    onProgress: () => {},
  };
  const program = await programs.make(job);
  return { program, folders: bundled.map(({ packages }) => packages["a@1.0.0"]?.folder ?? null) };
}

const CANNOT_READ: BundleReply = { ...WHOLE, problems: [{ message: "cannot read the package", place: null }] };

for (const [what, read] of Object.entries({ "it cannot read": CANNOT_READ, "it takes for left out": WHOLE })) {
  Deno.test(`a build whose packages go for another's is bundled again from those that come again: what ${what}`, async () => {
    const { program, folders } = await build(2, read);
    assert.equal(program.parts.bundle, CODE);
    assert.deepEqual(folders, [null, "/packages/1", "/packages/2"]);
  });
}

Deno.test("what cannot be read where no packages went is the build's failure", async () => {
  await assert.rejects(build(1, CANNOT_READ), /cannot read the package/);
});
