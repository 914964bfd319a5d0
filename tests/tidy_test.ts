import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";

/** The style that a machine can check. Each rule lists what breaks it, by name. */

const REPO = new URL("../", import.meta.url).pathname;
const OUTSIDE_THE_TREE = new Set([".git", ".mayfly", "node_modules"]);

/** From the lowest layer to the highest; the first that fits counts. Tests may import anything. */
const LAYERS = [
  [
    "src/types.ts",
    "src/errors.ts",
    "src/limits.ts",
    "src/clock.ts",
    "src/outcome.ts",
    "src/deadlines.ts",
    "src/watch.ts",
    "src/suggest.ts",
  ],
  ["src/state/", "src/observe/", "src/host/", "ffi/"],
  ["src/registry/", "src/tiers/", "runtimes/"],
  ["src/scheduler/"],
  ["src/gateway/"],
  ["src/app.ts", "src/vm_tier.ts", "src/cli/", "src/setup/", "src/doctor.ts", "src/doctor/", "main.ts"],
];

const LINES_AT_MOST: Record<string, number> = { ".ts": 400, ".c": 700, ".h": 400 };

/** Of the outside: a name with a dot in it, but none of those that stand for no machine (RFC 2606, RFC 6761). */
function isOutsideHost(host: string): boolean {
  const name = host.replace(/:\d*$/, "").toLowerCase();
  return /\.[a-z]+$/.test(name) && !/(^|\.)(localhost|test|invalid|example|example\.(com|net|org))$/.test(name);
}

const files = await textFiles();

async function textFiles(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = async (below: string): Promise<void> => {
    for await (const entry of Deno.readDir(join(REPO, below))) {
      const path = join(below, entry.name);
      if (OUTSIDE_THE_TREE.has(entry.name)) continue;
      if (entry.isDirectory) await walk(path);
      else if (entry.isFile) found.set(path, await Deno.readTextFile(join(REPO, path)));
    }
  };
  await walk("");
  return found;
}

const isTest = (path: string) => /^tests\/|\/test\/|_test\.ts$/.test(path);
const isSource = (path: string) => /^(src|ffi|runtimes)\/.*\.ts$|^main\.ts$/.test(path) && !isTest(path);

function layerOf(path: string): number {
  return LAYERS.findIndex((places) =>
    places.some((place) => place.endsWith("/") ? path.startsWith(place) : path === place)
  );
}

function localImports(path: string, text: string): string[] {
  const specifiers = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g);
  return [...specifiers].map(([, specifier]) => normalize(join(dirname(path), specifier)));
}

/** `path:line` of each match. */
function places(pattern: RegExp, allowed: (match: RegExpMatchArray) => boolean = () => false): string[] {
  return [...files].flatMap(([path, text]) =>
    [...text.matchAll(pattern)].filter((match) => !allowed(match))
      .map((match) => `${path}:${text.slice(0, match.index).split("\n").length}: ${match[0]}`)
  );
}

Deno.test("every source file has a layer", () => {
  assert.deepEqual([...files.keys()].filter((path) => isSource(path) && layerOf(path) < 0), []);
});

Deno.test("imports go to the same layer or a lower one", () => {
  const upward = [...files].filter(([path]) => isSource(path)).flatMap(([path, text]) =>
    localImports(path, text).filter((target) => layerOf(target) > layerOf(path)).map((target) => `${path} -> ${target}`)
  );
  assert.deepEqual(upward, []);
});

Deno.test("no source file imports a test", () => {
  const wrong = [...files].filter(([path]) => isSource(path)).flatMap(([path, text]) =>
    localImports(path, text).filter(isTest).map((target) => `${path} -> ${target}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("files are short enough to be one idea", () => {
  const long = [...files].map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > (LINES_AT_MOST[/\.\w+$/.exec(path)?.[0] ?? ""] ?? Infinity));
  assert.deepEqual(long, []);
});

Deno.test("no source file or page names a host of the outside", () => {
  const found = places(/\bhttps?:\/\/(?:[^\s/@"'`]*@)?([\w.-]+)/g, ([, host]) => !isOutsideHost(host));
  assert.deepEqual(found.filter((place) => !isTest(place.split(":")[0])), []);
});

Deno.test("nothing names a package registry's host", () => {
  assert.deepEqual(places(/\bnp(?:m)js\.|\bpy(?:p)i\.org|\bpython(?:h)osted\.|\bcrates(?:\.)io|\bjsr(?:\.)io/g), []);
});

Deno.test("the tree names no folder of one machine", () => {
  assert.deepEqual(places(/(?<=^|[\s"'`(=])\/(?:work|root|home|Users)\/\w+/gm), []);
});

Deno.test("nothing is left for later", () => {
  assert.deepEqual(places(/\bTO(?:DO)\b|\bFIX(?:ME)\b/g), []);
});

Deno.test("packages are pinned", () => {
  const { imports } = JSON.parse(files.get("deno.json")!) as { imports: Record<string, string> };
  assert.deepEqual(
    Object.values(imports).filter((specifier) =>
      !/^npm:\/?(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(-[\w.]+)?\/?$/.test(specifier)
    ),
    [],
  );
});
