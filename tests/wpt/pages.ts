import { dirname, join, normalize } from "node:path";

/** One file of tests, with all that it loads. */
export interface Page {
  /** Below the tests' root. */
  readonly path: string;
  readonly scripts: readonly string[];
  /** What it may fetch, by path. */
  readonly resources: Readonly<Record<string, string>>;
  /** How long it may wait for something that does not come. */
  readonly patienceMs: number;
}

const PATIENCE_MS = 5000;
/** Of files that say so themselves. */
const LONG_PATIENCE_MS = 30_000;

const FOLDERS = [
  ...["url", "encoding", "streams", "FileAPI", "dom/abort", "dom/events", "html/webappapis", "hr-time"],
  ...["WebCryptoAPI", "console", "user-timing", "webidl"],
];
const TEST = /\.(any|window)\.js$/;
/** For kinds of pages that neither Deno nor Mayfly has; and idlharness, whose parser is not in Debian's package. */
const ELSEWHERE = /idlharness|shadowrealm|crashtests|\/scrolling\/|non-cancelable-when-passive|broadcastchannel/;

/** The scripts that a file names in its first lines. */
function includes(path: string, source: string): string[] {
  return [...source.matchAll(/^\/\/ META: script=(\S+)$/gm)].map(([, script]) =>
    script.startsWith("/") ? script.slice(1) : normalize(join(dirname(path), script))
  );
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(join(root, folder))) {
      const path = join(folder, name);
      if (isDirectory) found.push(...await filesBelow(root, path));
      else found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}

async function texts(root: string, paths: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await Deno.readTextFile(join(root, path))])),
  );
}

async function resourcesOf(root: string, path: string): Promise<Record<string, string>> {
  const beside = (await filesBelow(root, join(dirname(path), "resources"))).filter((file) => file.endsWith(".json"));
  return await texts(root, beside);
}

async function page(root: string, path: string): Promise<Page> {
  const source = await Deno.readTextFile(join(root, path));
  const included = await Promise.all(includes(path, source).map((script) => Deno.readTextFile(join(root, script))));
  const patienceMs = /^\/\/ META: timeout=long$/m.test(source) ? LONG_PATIENCE_MS : PATIENCE_MS;
  return { path, scripts: [...included, source], resources: await resourcesOf(root, path), patienceMs };
}

/** All that apply to an engine without documents. */
export async function readPages(root: string, only: RegExp = /^/): Promise<Page[]> {
  const paths = (await Promise.all(FOLDERS.map((folder) => filesBelow(root, folder)))).flat();
  const wanted = paths.filter((path) => TEST.test(path) && !ELSEWHERE.test(path) && only.test(path));
  return await Promise.all(wanted.map((path) => page(root, path)));
}
