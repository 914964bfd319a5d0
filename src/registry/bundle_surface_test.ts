import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { LACK_DEFINES } from "./bundle_lacks.ts";
import { Bundler } from "./bundler.ts";
import { NO_PACKAGES } from "./npm.ts";

/** What the bundler says of these files, of which the first is the function. */
async function bundled(files: Readonly<Record<string, string>>) {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-bundle-" });
  const { env, deno, ...limits } = { env: Deno.env.toObject(), deno: "/proc/self/exe", timeoutMs: 20_000, idleMs: 10 };
  await using bundler = new Bundler({ ...limits, env, deno, memoryBytes: 2 ** 30, memoryOf: () => 0 });
  try {
    for (const [path, text] of Object.entries({ "packages/_": "", ...prefixed(files) })) {
      await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    }
    const packages = join(folder, "packages");
    const parts = Object.keys(files).filter((path) => path.startsWith("packages/")).map((path) => path.split("/")[1]);
    const npm = parts.length === 0 ? NO_PACKAGES : {
      specifiers: Object.fromEntries(parts.map((name) => [`npm:${name}`, `${name}@1.0.0`])),
      packages: Object.fromEntries(
        parts.map((name) => [`${name}@1.0.0`, { name, folder: join(packages, name), dependencies: [] }]),
      ),
    };
    const [entry] = Object.keys(files);
    const result = await bundler.bundle(
      { mirror: join(folder, "mirror"), packages },
      { entry, importMap: { imports: {}, scopes: {} }, compilerOptions: {}, npm },
    );
    return { problems: result.reply.problems, text: new TextDecoder().decode(result.code) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const prefixed = (files: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path.startsWith("packages/") ? path : `mirror/${path}`, text]),
  );

const LACKS: [name: string, source: string, column: number][] = [
  ["WebAssembly", "export default () => WebAssembly.compile(bytes);", 22],
  ["SharedArrayBuffer", "const shared = new SharedArrayBuffer(1); export default shared;", 20],
  ["Atomics.wait", "export default (array) => Atomics.wait(array, 0, 0);", 27],
  ["Worker", "export default () => new Worker('x');", 26],
  ["Deno.Command", "export default () => new Deno.Command('ls');", 26],
  ["Deno.writeTextFile", "export default () => Deno.writeTextFile('a', 'b');", 22],
  ["Temporal", "export default () => Temporal.Now.instant();", 22],
  ["Intl.PluralRules", "export default () => new Intl.PluralRules();", 26],
  ["node:net", 'import net from "node:net";\nexport default net;', 17],
  ["node:child_process", 'export default () => import("node:child_process");', 29],
];

for (const [name, source, column] of LACKS) {
  Deno.test(`a function that uses ${name} is told why it needs the VM tier, and where`, async () => {
    const { problems } = await bundled({ "a.ts": `// first line\n${source}` });
    assert.match(problems[0].message, new RegExp(`${name} needs the VM tier: `));
    assert.deepEqual(problems[0].place, { file: "a.ts", line: 2, column });
  });
}

const NOWHERE: [name: string, source: string, why: RegExp][] = [
  ["Deno.openKv", "export default () => Deno.openKv();", /nothing of one request is kept/],
  ["localStorage", "export default () => localStorage.a;", /nothing of one request is kept/],
  ["Deno.cron", "Deno.cron('a', '* * * * *', () => {}); export default 1;", /outside call a function/],
];

for (const [name, source, why] of NOWHERE) {
  Deno.test(`a function that uses ${name} is not told to wait for a tier, but why it is not there`, async () => {
    const [{ message }] = (await bundled({ "a.ts": source })).problems;
    assert.match(message, new RegExp(`Cannot run it: ${name} is not there: `));
    assert.match(message, why);
  });
}

Deno.test("each name is marked in its own way", () => {
  assert.equal(new Set(Object.values(LACK_DEFINES)).size, Object.keys(LACK_DEFINES).length);
});

const FINE: [what: string, source: string][] = [
  ["asks for it first", `export default () => typeof WebAssembly === "undefined" ? null : WebAssembly.compile(x);`],
  ["asks whether a member is there", `export default () => Intl.Segmenter ? new Intl.Segmenter() : null;`],
  ["asks for a member by if", `export default () => { if (Deno.upgradeWebSocket) return Deno.upgradeWebSocket(1); };`],
  ["asks the global object", `export default () => globalThis.WebAssembly?.compile;`],
  ["has a name of its own", `const Worker = class {}; export default () => new Worker();`],
  ["has a parameter of that name", `export default (Deno: { Command: unknown }) => Deno.Command;`],
  ["never comes there", `function unused() { return new Worker("x"); }\nexport default () => 1;`],
  ["only speaks of it", `export default () => "WebAssembly, new Worker";`],
];

for (const [what, source] of FINE) {
  Deno.test(`a function that ${what} is no false alarm`, async () => {
    const { problems, text } = await bundled({ "a.ts": source });
    assert.deepEqual(problems, []);
    assert.ok(!text.includes("\u01c0"));
  });
}

Deno.test("a package that names what is missing is left to its evaluation", async () => {
  const { problems, text } = await bundled({
    "a.ts": `import { load } from "npm:wide"; export default load;`,
    "packages/wide/package.json": `{"name":"wide","version":"1.0.0","main":"index.js"}`,
    "packages/wide/index.js": `exports.load = () => WebAssembly.compile(1);`,
  });
  assert.deepEqual(problems, []);
  assert.match(text, /WebAssembly\.compile/);
});

const wide = (main: string) => ({
  "packages/wide/package.json": `{"name":"wide","version":"1.0.0","type":"module","main":"index.js"}`,
  "packages/wide/index.js": main,
});
const NET = `import net from "node:net";\nexport const connect = () => net.connect(1);\nexport const other = () => 1;`;

Deno.test("a package's import of what is missing is told at the package, where it is used", async () => {
  const used = await bundled({ "a.ts": `export { connect as default } from "npm:wide";`, ...wide(NET) });
  assert.match(used.problems[0].message, /node:net needs the VM tier/);
  assert.equal(used.problems[0].place?.file, "npm:wide@1.0.0/index.js");
  const unused = await bundled({ "a.ts": `export { other as default } from "npm:wide";`, ...wide(NET) });
  assert.deepEqual(unused.problems, []);
});

Deno.test("a native add-on is told as one", async () => {
  const { problems } = await bundled({
    "a.ts": `import wide from "npm:wide"; export default wide;`,
    "packages/wide/package.json": `{"name":"wide","version":"1.0.0","main":"index.js"}`,
    "packages/wide/index.js": `module.exports = require("./wide.node");`,
    "packages/wide/wide.node": "",
  });
  assert.match(problems[0].message, /wide\.node, a native add-on, needs the VM tier/);
});

Deno.test("import.meta is each file's own", async () => {
  const { problems, text } = await bundled({
    "api/a.ts": `import { other } from "../b.ts"; export default [import.meta.url, import.meta.main, other];`,
    "b.ts": `export const other = [import.meta.filename, import.meta.dirname, import.meta.main];`,
  });
  assert.deepEqual(problems, []);
  assert.match(text, /"file:\/\/\/api\/a\.ts"/);
  assert.match(text, /"\/b\.ts"/);
});
