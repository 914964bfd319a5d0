import { dirname, join, normalize } from "node:path";

/** One file of tests, with all that it loads. */
export interface Page {
  /** Below the tests' root. */
  readonly path: string;
  /** The query that says which part of its subtests to run; empty for all. */
  readonly part: string;
  /** The scripts that it includes, and its own. They share their constants, as scripts of a page do. */
  readonly source: string;
  /** What it may fetch, by path. */
  readonly resources: Readonly<Record<string, string>>;
}

export const FOLDERS = [
  ...["url", "encoding", "streams", "FileAPI", "dom/abort", "dom/events", "html/webappapis", "hr-time"],
  ...["WebCryptoAPI", "console", "user-timing", "webidl"],
];
const TEST = /\.(any|window)\.js$/;
/** For documents, which neither Deno nor Mayfly has; and idlharness, whose parser is not in Debian's package. */
const ELSEWHERE =
  /idlharness|shadowrealm|crashtests|\/scrolling\/|non-cancelable-when-passive|broadcastchannel|setters-a-area/;

/**
 * Of these the first subtests only. Each makes RSA keys, or derives keys in 100,000 rounds, one after the other: in
 * whole they take longer than all other pages together, and a machine that is busy would lose others by it.
 */
const PARTS: Readonly<Record<string, string>> = {
  "WebCryptoAPI/derive_bits_keys/pbkdf2.https.any.js": "?1-500",
  "WebCryptoAPI/generateKey/successes_RSA-OAEP.https.any.js": "?1-5",
  "WebCryptoAPI/generateKey/successes_RSA-PSS.https.any.js": "?1-5",
  "WebCryptoAPI/generateKey/successes_RSASSA-PKCS1-v1_5.https.any.js": "?1-5",
};

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
  const own = await Deno.readTextFile(join(root, path));
  const included = await Promise.all(includes(path, own).map((script) => Deno.readTextFile(join(root, script))));
  const source = [...included, own].join("\n;\n");
  return { path, part: PARTS[path] ?? "", source, resources: await resourcesOf(root, path) };
}

/** All that apply to an engine without documents. */
export async function readPages(root: string): Promise<Page[]> {
  const paths = (await Promise.all(FOLDERS.map((folder) => filesBelow(root, folder)))).flat();
  const wanted = paths.filter((path) => TEST.test(path) && !ELSEWHERE.test(path));
  return await Promise.all(wanted.map((path) => page(root, path)));
}
