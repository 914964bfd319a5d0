/**
 * web-platform-tests, as the source package of nodejs in Debian 12 carries them. Debian's own client fetches it, from the
 * archive that this machine uses anyway; what is needed of it is kept in the user's cache.
 */
import { join } from "node:path";
import { cacheDirOf } from "../../src/setup/cache_dir.ts";

const SUITE = "bookworm";
const UPSTREAM = "nodejs_18.20.4+dfsg.orig.tar.xz";
const SHA256 = "6ce58062c71eae37d9c5ac31eeaeff9c2d48561d21c2849179d056c9c1bd9ebc";
const INSIDE = "*/test/fixtures/wpt/*";
/** Of a path in the package: `node-v18.20.4/test/fixtures/wpt/`. */
const LEADING_FOLDERS = 4;
/** For one command: what is left of the test file's time is enough for the tests. */
const LIMIT_MS = 60_000;
const LISTS = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];

/** The tests cannot be had on this machine, and why. */
export class NoTests extends Error {
  override readonly name = "NoTests";
  constructor(why: string) {
    super(`Cannot get web-platform-tests from Debian's source package of nodejs: ${why}`);
  }
}

/** The folder of the tests. */
export async function webPlatformTests(): Promise<string> {
  const cache = cacheDirOf(Deno.env.toObject());
  const folder = join(cache, `web-platform-tests-${SHA256.slice(0, 16)}`);
  if (await exists(folder)) return folder;
  await Deno.mkdir(cache, { recursive: true, mode: 0o700 });
  const work = await Deno.makeTempDir({ dir: cache, prefix: "web-platform-tests-" });
  try {
    const archive = await download(work, await debianArchive());
    const unpacked = join(work, "unpacked");
    await Deno.mkdir(unpacked);
    const strip = `--strip-components=${LEADING_FOLDERS}`;
    await run(work, ["tar", "--extract", "--file", archive, "--directory", unpacked, strip, "--wildcards", INSIDE]);
    await Deno.rename(unpacked, folder).catch(async (error) => {
      // Another run was first.
      if (!await exists(folder)) throw error;
    });
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return folder;
}

const exists = (path: string): Promise<boolean> => Deno.stat(path).then(() => true, () => false);

/** Where this machine gets its packages from. */
async function debianArchive(): Promise<string> {
  for (const list of LISTS) {
    const text = await Deno.readTextFile(list).catch(() => "");
    const found = /^(?:URIs:|deb(?: \[.*?\])?) +(\w+:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text);
    if (found) return found[1];
  }
  throw new NoTests("this machine's package lists name no Debian archive");
}

/** With lists and a state of its own, so that the machine's are as they were. Returns the file, checked. */
async function download(work: string, archive: string): Promise<string> {
  const sources = join(work, "sources");
  for (const folder of ["sources", "lists/partial", "cache/archives/partial"]) {
    await Deno.mkdir(join(work, folder), { recursive: true });
  }
  const entry = ["Types: deb-src", `URIs: ${archive}`, `Suites: ${SUITE}`, "Components: main"];
  entry.push("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg");
  await Deno.writeTextFile(join(sources, "debian.sources"), `${entry.join("\n")}\n`);
  const options = {
    "Dir::Etc::sourcelist": "/dev/null",
    "Dir::Etc::sourceparts": sources,
    "Dir::State::Lists": join(work, "lists"),
    "Dir::Cache": join(work, "cache"),
    "APT::Sandbox::User": "",
    "Acquire::Retries": "3",
  };
  const client = ["apt-get", "-qq", ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`])];
  await run(work, [...client, "update"]);
  await run(work, [...client, "source", "--download-only", "--tar-only", "nodejs"]);
  const file = join(work, UPSTREAM);
  const bytes = await Deno.readFile(file).catch(() => {
    throw new NoTests(`Debian's archive has another version of nodejs than ${UPSTREAM}`);
  });
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  if (digest !== SHA256) throw new Error(`Cannot use ${UPSTREAM}: its hash is ${digest}, not ${SHA256}`);
  return file;
}

async function run(cwd: string, [command, ...args]: string[]): Promise<void> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    const { success, stderr } = await new Deno.Command(command, { args, cwd, signal }).output();
    if (signal.aborted) throw new NoTests(`${command} took over ${LIMIT_MS / 1000} s`);
    if (!success) throw new NoTests(`${command} failed: ${firstErrorOf(new TextDecoder().decode(stderr))}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new NoTests(`there is no ${command}`);
    throw error;
  }
}

/** Debian's client explains in many lines; those that say what is wrong begin so. */
function firstErrorOf(text: string): string {
  const lines = text.trim().split("\n");
  return lines.find((line) => line.startsWith("E: ")) ?? lines[0];
}
