import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import type { TierName } from "../types.ts";
import { BuildError } from "../tiers/tier.ts";
import { Bundler } from "./bundler.ts";
import type { NpmTable } from "./bundle_wire.ts";
import { NO_PACKAGES } from "./npm.ts";

const SECRET = "the_secret_of_another";

/** A mirror with files beside it that no build may read, and a folder of packages. */
class Place implements AsyncDisposable {
  readonly bundler = new Bundler({
    deno: "/proc/self/exe",
    env: Deno.env.toObject(),
    memoryBytes: 2 ** 30,
    memoryOf: () => 0,
    timeoutMs: 20_000,
    idleMs: 10_000,
  });
  readonly mirror: string;
  readonly packages: string;

  private constructor(readonly folder: string) {
    this.mirror = join(folder, "mirror");
    this.packages = join(folder, "packages");
  }

  static async make(files: Readonly<Record<string, string>>): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "mayfly-bundler-" }));
    await place.write({ "mirror/_": "", "packages/_": "", ...files });
    return place;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(this.folder, path)), { recursive: true });
      await Deno.writeTextFile(join(this.folder, path), text);
    }
  }

  async bundle(entry: string, npm: NpmTable = NO_PACKAGES, tier: TierName = "wasm") {
    const importMap = { imports: { "up/": "../", mapped: "./_lib.ts" }, scopes: {} };
    const result = await this.bundler.bundle(this, { entry, tier, importMap, compilerOptions: {}, npm });
    return { ...result, text: new TextDecoder().decode(result.code), maps: new TextDecoder().decode(result.map) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bundler[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

const outside = {
  "secret.json": JSON.stringify(SECRET),
  "secret.js": `export default "${SECRET}";`,
  "secret.ts": `export default "${SECRET}";`,
  "secret.txt": SECRET,
  "secret": `export default "${SECRET}"; ${SECRET};`,
  "secret.map": JSON.stringify({
    version: 3,
    sources: [`${SECRET}.ts`],
    names: [SECRET],
    mappings: "AAAAA;AAAAA;AAAAA",
  }),
};

const NODE_MODULE = "a module of Node's";
const extensions = ["", ".json", ".js", ".ts", ".txt"];

/** `FOLDER` is the folder that the secrets are in. */
const attacks: Readonly<Record<string, string>> = {
  ...Object.fromEntries(extensions.flatMap((extension) => {
    const specifiers = [
      "../secret",
      "./a/../../secret",
      "FOLDER/secret",
      "file://FOLDER/secret",
      "up/secret",
      "./%2e%2e/secret",
    ];
    return specifiers.map((
      specifier,
    ) => [`${specifier}${extension}`, `import x from "${specifier}${extension}"; export default x;`]);
  })),
  ...Object.fromEntries(["text", "bytes", "json"].map((type) => [
    `as ${type}`,
    `import x from "../secret" with { type: "${type}" }; export default x;`,
  ])),
  "a dynamic import": `export default await import("../secret.ts");`,
  "a dynamic import of a path that is put together": `export default (name: string) => import("../" + name);`,
  "a require": `export default require("../secret.js");`,
  "an export from": `export { default } from "../secret.ts";`,
  "an export of all": `export * from "../secret.ts"; export { default } from "FOLDER/secret.ts";`,
  "a file of the system": `import x from "/etc/hostname"; export default x;`,
  "an endless file": `import x from "/dev/zero"; export default x;`,
  "the process": `import x from "/proc/self/environ" with { type: "text" }; export default x;`,
  "a source by http": `import x from "http://127.0.0.1:1/x.ts"; export default x;`,
  "a source by https": `import x from "https://host.example/x.ts"; export default x;`,
  "a JSX runtime by https": `/** @jsxImportSource https://host.example/x */ export default <b />;`,
  "a package of another registry": `import x from "jsr:@x/y"; export default x;`,
  "a package by its address": `import x from "npm:x@https://host.example/x.tgz"; export default x;`,
  "a package by its path": `import x from "npm:x@file:../../secret"; export default x;`,
  "an import in a data URL": `import x from "data:text/javascript,export * from '../secret.ts'"; export default x;`,
  [NODE_MODULE]: `import { connect } from "node:net"; export default connect(1);`,
};

for (const tier of ["wasm", "vm"] as const) {
  Deno.test(`an import reads nothing outside of its root, and reaches no address: ${tier}`, async (t) => {
    await using place = await Place.make(outside);
    const { folder } = place;
    for (const [what, source] of Object.entries(attacks)) {
      if (tier === "vm" && what === NODE_MODULE) continue;
      await t.step(what, async () => {
        await place.write({ "mirror/attack.tsx": source.replaceAll("FOLDER", folder) });
        const { reply, text } = await place.bundle("attack.tsx", NO_PACKAGES, tier);
        assert.ok(reply.problems.length > 0, text);
        assert.doesNotMatch(text + JSON.stringify(reply.problems), new RegExp(SECRET));
        assert.equal(reply.problems[0].place?.file, what.endsWith("data URL") ? "data:" : "attack.tsx");
      });
    }
  });
}

const leftAlone: Readonly<Record<string, string>> = {
  "a URL": `export default new URL("../secret.ts", import.meta.url);`,
  "a source map that is elsewhere": `export default "x"; //# sourceMappingURL=../secret.map`,
  "a source map of the system": `export default "x"; //# sourceMappingURL=file:///etc/hostname`,
};

for (const [what, source] of Object.entries(leftAlone)) {
  Deno.test(`nothing is read for what only looks like an import: ${what}`, async () => {
    await using place = await Place.make({ ...outside, "mirror/a.ts": source });
    const { reply, text, maps } = await place.bundle("a.ts");
    assert.deepEqual(reply.problems, []);
    assert.doesNotMatch(text + maps, new RegExp(SECRET));
  });
}

const evil = (main: string) => ({
  "packages/evil/package.json": JSON.stringify({
    name: "evil",
    version: "1.0.0",
    main: "index.js",
    dependencies: { friend: "1" },
  }),
  "packages/evil/index.js": main,
  "packages/evil/lib.js": "export const lib = 1;",
  "packages/friend/package.json": JSON.stringify({ name: "friend", exports: { ".": "./f.js", "./sub": "./s.js" } }),
  "packages/friend/f.js": "export const friend = 'friend';",
  "packages/friend/s.js": "export const sub = 'sub';",
  "packages/friend/hidden.js": "export const hidden = 1;",
  "mirror/own.ts": `export default "own";`,
  "mirror/a.ts": `import * as evil from "npm:evil@1"; export default () => new Response(JSON.stringify(evil));`,
});

function evilTable(place: Place): NpmTable {
  return {
    specifiers: { "npm:evil@1": "evil@1.0.0" },
    packages: {
      "evil@1.0.0": { name: "evil", folder: join(place.packages, "evil"), dependencies: ["friend@1.0.0"] },
      "friend@1.0.0": { name: "friend", folder: join(place.packages, "friend"), dependencies: [] },
    },
  };
}

Deno.test("a package reads nothing outside of packages", async (t) => {
  await using place = await Place.make(outside);
  const sources = [
    `export * from "../../secret.js";`,
    `export { default } from "../../secret";`,
    `export { default } from "../../secret.txt";`,
    `export { default } from "FOLDER/secret.js";`,
    `export { default } from "file://FOLDER/secret.js";`,
    `export const x = await import("../../secret.js");`,
    `export const x = (name) => import("../../" + name);`,
    `module.exports = require("../../secret.js");`,
    `module.exports = (name) => require("../../" + name);`,
    `export { default } from "/etc/hostname";`,
    `export { default } from "https://host.example/x.js";`,
    `import net from "node:net"; export default net;`,
    `export { x } from "unknown-package";`,
    `export { hidden } from "friend/hidden.js";`,
    `export const x = 1; //# sourceMappingURL=../../secret.map`,
  ];
  for (const source of sources) {
    await t.step(source, async () => {
      await place.write(evil(source.replaceAll("FOLDER", place.folder)));
      const { reply, text, maps } = await place.bundle("a.ts", evilTable(place));
      assert.doesNotMatch(text + maps + JSON.stringify(reply), new RegExp(SECRET));
      if (!/\+ name|Mapping/.test(source)) assert.ok(reply.problems.length > 0, text);
    });
  }
});

Deno.test("a package is found by its exports, its dependencies by theirs", async () => {
  await using place = await Place.make(
    evil(`export * from "./lib.js"; export * from "friend"; export * from "friend/sub";`),
  );
  const { reply, text, maps } = await place.bundle("a.ts", evilTable(place));
  assert.deepEqual(reply.problems, []);
  assert.match(text, /"friend"[^]*"sub"|'friend'[^]*'sub'/);
  assert.deepEqual(reply.bundle!.packages, ["evil@1.0.0", "friend@1.0.0"]);
  assert.deepEqual(reply.bundle!.importers, { "npm:evil@1.0.0": "a.ts", "npm:friend@1.0.0": "a.ts" });
  assert.deepEqual(
    JSON.parse(maps).sources.toSorted(),
    [
      "a.ts",
      "npm:evil@1.0.0/index.js",
      "npm:evil@1.0.0/lib.js",
      "npm:friend@1.0.0/f.js",
      "npm:friend@1.0.0/s.js",
    ].filter((source) => maps.includes(source)),
  );
});

Deno.test("a package that only tries a module of Node's can be used", async () => {
  const tries = `let fs; try { fs = require("fs"); } catch {} module.exports = { has: !!fs };`;
  await using place = await Place.make(evil(tries));
  const { reply } = await place.bundle("a.ts", evilTable(place));
  assert.deepEqual(reply.problems, []);
});

Deno.test("npm specifiers that the table does not have are asked for", async () => {
  await using place = await Place.make({
    "mirror/a.ts": `import "npm:x@1"; import "./b.ts"; export default 1;`,
    "mirror/b.ts": `import "npm:y/z";`,
  });
  const { reply } = await place.bundle("a.ts");
  assert.deepEqual([reply.missing.toSorted(), reply.bundle], [["npm:x@1", "npm:y/z"], null]);
});

Deno.test("what was read is told with its hash, what was looked for with its path", async () => {
  await using place = await Place.make({
    "mirror/a.ts": `import { x } from "./dir/b.ts"; import { lib } from "mapped"; import type { T } from "./types.ts";
      import data from "./data.json" with { type: "json" }; import text from "./note.txt" with { type: "text" };
      export default () => [x, lib, data, text] as T;`,
    "mirror/dir/b.ts": `export * from "../c.ts";`,
    "mirror/c.ts": `export const x = 1;`,
    "mirror/_lib.ts": `export const lib = 1;`,
    "mirror/types.ts": `export type T = unknown;`,
    "mirror/data.json": `{"a":1}`,
    "mirror/note.txt": "note",
  });
  const { reply, text } = await place.bundle("a.ts");
  assert.deepEqual(reply.problems, []);
  assert.deepEqual(Object.keys(reply.bundle!.files).toSorted(), [
    "_lib.ts",
    "a.ts",
    "c.ts",
    "data.json",
    "dir/b.ts",
    "note.txt",
  ]);
  assert.deepEqual(reply.bundle!.mapped, [["mapped", "a.ts", "./_lib.ts"]]);
  assert.match(text, /"note"/);
  assert.match(reply.bundle!.files["note.txt"], /^[0-9a-f]{64}$/);
});

Deno.test("names of any kind are names, not patterns or paths of the machine", async () => {
  await using place = await Place.make({
    "mirror/a*b.ts": `export default "star";`,
    "mirror/[id]/-x.ts": `export { default } from "../a*b.ts";`,
    "mirror/axb.ts": `export default "no star";`,
    "mirror/with space.ts": `export default (`,
  });
  assert.match((await place.bundle("a*b.ts")).text, /"star"/);
  assert.match((await place.bundle("[id]/-x.ts")).text, /"star"/);
  const { problems } = (await place.bundle("with space.ts")).reply;
  assert.equal(problems[0].place!.file, "with space.ts");
});

Deno.test("config is read from wherever it is declared, with the places of its keys", async () => {
  await using place = await Place.make({
    "mirror/a.ts": `export { config } from "./_config.ts";\nexport default 1;`,
    "mirror/_config.ts": `interface C { queue: number }\nexport const config: C = {\n  queue: 5,\n} as const;`,
  });
  const { config } = (await place.bundle("a.ts")).reply.bundle!;
  assert.deepEqual(config!.value, { queue: 5 });
  assert.deepEqual(config!.places.queue, { file: "_config.ts", line: 3, column: 3 });
});

Deno.test("JSX is what deno.json or the file say, else calls of React", async () => {
  await using place = await Place.make({
    "mirror/plain.jsx": `const React = 1; export default <b />;`,
    "mirror/pragma.tsx": `const h = 1; /** @jsx h */ export default <b />;`,
    "mirror/source.tsx": `/** @jsxImportSource ./_my */ export default <b />;`,
    "mirror/_my/jsx-runtime": "",
  });
  assert.match((await place.bundle("plain.jsx")).text, /React\.createElement\("b"/);
  assert.match((await place.bundle("pragma.tsx")).text, /h\("b"/);
  const { problems } = (await place.bundle("source.tsx")).reply;
  assert.match(problems[0].message, /_my\/jsx-runtime/);
  const request = { entry: "plain.jsx", importMap: { imports: { "my/": "./_my/" }, scopes: {} }, npm: NO_PACKAGES };
  const compilerOptions = { jsx: "react-jsx", jsxImportSource: "my" };
  const { reply } = await place.bundler.bundle(place, { ...request, compilerOptions });
  assert.deepEqual(reply.wanted, ["plain.jsx", "_my/jsx-runtime"]);
});

Deno.test("sources that are too large are refused", async () => {
  await using place = await Place.make({ "mirror/a.ts": `export default "${"x".repeat(33 << 20)}";` });
  assert.match((await place.bundle("a.ts")).reply.problems[0].message, /too large/);
});

Deno.test("a bundler that takes too long is ended, and others are served", async () => {
  await using place = await Place.make({ "mirror/a.ts": `export default 1;` });
  const slow = new Bundler({
    deno: "/proc/self/exe",
    env: Deno.env.toObject(),
    memoryBytes: 2 ** 30,
    memoryOf: () => 0,
    timeoutMs: 1,
    idleMs: 10,
  });
  const request = { entry: "a.ts", importMap: { imports: {}, scopes: {} }, compilerOptions: {}, npm: NO_PACKAGES };
  await assert.rejects(
    slow.bundle(place, request),
    (error) => error instanceof BuildError && /a\.ts.*more than/.test(error.message),
  );
  await slow[Symbol.asyncDispose]();
  assert.match((await place.bundle("a.ts")).text, /1/);
});

Deno.test("a bundler that takes too much memory is ended", async () => {
  await using place = await Place.make({ "mirror/a.ts": `export default [${"[".repeat(4 << 20)}` });
  const small = new Bundler({
    deno: "/proc/self/exe",
    env: Deno.env.toObject(),
    memoryBytes: 2 ** 20,
    memoryOf: () => 2 ** 20 + 1,
    timeoutMs: 60_000,
    idleMs: 10,
  });
  const request = { entry: "a.ts", importMap: { imports: {}, scopes: {} }, compilerOptions: {}, npm: NO_PACKAGES };
  await assert.rejects(
    small.bundle(place, request),
    (error) => error instanceof BuildError && /memory/.test(error.message),
  );
  await small[Symbol.asyncDispose]();
});

Deno.test("for a microVM modules of Node are Deno's own, in packages too", async () => {
  await using place = await Place.make({
    "packages/uses/package.json": JSON.stringify({
      name: "uses",
      version: "1.0.0",
      main: "./main.cjs",
      browser: { "./main.cjs": "./browser.cjs", "os": false },
    }),
    "packages/uses/main.cjs": `const { EOL } = require("os"); module.exports = [EOL, require("node:fs").existsSync];`,
    "packages/uses/browser.cjs": `module.exports = "for browsers";`,
    "mirror/a/main.ts":
      `import { readFileSync } from "node:fs"; import net from "node:net"; import { randomInt } from "node:crypto"; import uses from "npm:uses@1";
      const worker = new Worker(import.meta.url);
      export default [readFileSync, net, randomInt, uses, worker, WebAssembly, import.meta.url, await import("node:dgram")];`,
    "mirror/b.ts": `import "node:nothing"; export default 1;`,
  });
  const uses = { name: "uses", folder: join(place.packages, "uses"), dependencies: [] };
  const npm = { specifiers: { "npm:uses@1": "uses@1.0.0" }, packages: { "uses@1.0.0": uses } };
  const { reply, text } = await place.bundle("a/main.ts", npm, "vm");
  assert.deepEqual(reply.problems, []);
  assert.match(text, /import \{ readFileSync \} from "node:fs"/);
  assert.match(text, /import net from "node:net"/);
  assert.match(text, /import\("node:dgram"\)/);
  assert.match(text, /getBuiltinModule\("node:os"\)/);
  assert.match(text, /getBuiltinModule\("node:crypto"\)/);
  assert.doesNotMatch(text, /from "node:crypto"/);
  assert.match(text, /"file:\/\/\/function\/a\/main.ts"/);
  assert.doesNotMatch(text, /for browsers|mayfly:library/);
  const refused = await place.bundle("b.ts", NO_PACKAGES, "vm");
  assert.equal(refused.reply.problems[0].message, 'Cannot import "node:nothing": there is no such module');
});
