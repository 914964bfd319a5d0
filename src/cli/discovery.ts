import { join, resolve } from "node:path";
import { OperatorError } from "../errors.ts";
import type { Options } from "./command.ts";
import { DEFAULT_DATA_DIR } from "./serve_options.ts";
import type { Shell } from "./shell.ts";
import { serverUrl } from "./urls.ts";
import { UsageError } from "./usage_error.ts";

/** Of every command that asks a running server. */
export const SERVER_OPTIONS = {
  url: { type: "string", value: "URL", help: "the server's address ($MAYFLY_URL, or the running server of --data)" },
  data: { type: "string", value: "DIR", help: `the data folder of the server (${DEFAULT_DATA_DIR})` },
  json: { type: "boolean", help: "prints JSON" },
} as const satisfies Options;

export interface ServerChoice {
  readonly url?: string;
  readonly data?: string;
}

export interface FoundServer {
  /** Without a slash at the end. */
  readonly url: string;
  /** null where none was found: some of what a server says is open. */
  readonly token: string | null;
}

/** Finds the server by --url, else MAYFLY_URL, else by what the running server wrote into its data folder. */
export async function findServer(choice: ServerChoice, { env, cwd }: Pick<Shell, "env" | "cwd">): Promise<FoundServer> {
  const dataDir = resolve(cwd, choice.data ?? DEFAULT_DATA_DIR);
  const named = choice.url !== undefined
    ? checkedUrl("--url", choice.url)
    : env.MAYFLY_URL
    ? checkedUrl("MAYFLY_URL", env.MAYFLY_URL)
    : null;
  const url = named ?? await runningServer(dataDir);
  if (env.MAYFLY_TOKEN) return { url, token: env.MAYFLY_TOKEN };
  // Another server must not be told the token of the one that happens to have its data here.
  const isItsOwn = named === null || choice.data !== undefined ||
    isSame(named, await runningServer(dataDir).catch(() => null));
  return { url, token: isItsOwn ? await readToken(dataDir) : null };
}

function isSame(url: string, other: string | null): boolean {
  const plain = (address: string) => address.replace("//localhost", "//127.0.0.1");
  return other !== null && plain(url) === plain(other);
}

function checkedUrl(source: string, text: string): string {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol)) return url.origin;
  throw new UsageError(`${source} is no address of a server: ${text}`, "an address like http://127.0.0.1:8000");
}

async function readToken(dataDir: string): Promise<string | null> {
  try {
    return (await Deno.readTextFile(join(dataDir, "admin-token"))).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) return null;
    throw new OperatorError(
      `Cannot read the admin token in ${dataDir}: it is another user's`,
      "run this as the user who runs the server, or set MAYFLY_TOKEN",
    );
  }
}

async function runningServer(dataDir: string): Promise<string> {
  const file = join(dataDir, "server.json");
  try {
    return addressIn(JSON.parse(await Deno.readTextFile(file)));
  } catch (error) {
    throw new OperatorError(
      error instanceof Deno.errors.NotFound
        ? `No server is running with the data folder ${dataDir}`
        : `Cannot read the server's address in ${file}`,
      "mayfly serve, or name the server with --data DIR or --url URL",
      { cause: error },
    );
  }
}

function addressIn(address: { url?: string; hostname?: string; port?: number }): string {
  if (address.url !== undefined) return new URL(address.url).origin;
  return new URL(serverUrl({ hostname: address.hostname!, port: address.port! })).origin;
}
