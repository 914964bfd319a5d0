import { type FolderFiles, Server } from "../../tests/harness.ts";
import { load, type LoadOptions, type LoadResult } from "../load.ts";

export const EVENT = JSON.stringify({ name: "bob", n: 7, x: [1, 2, 3] });

/** A file of bench/tenants/functions. */
export function source(name: string): string {
  return Deno.readTextFileSync(new URL(`./functions/${name}`, import.meta.url));
}

/** A server with these functions, all of them answering. */
export async function serverWith(files: FolderFiles): Promise<Server> {
  const server = await Server.start({ files });
  for (const { name, state, error } of await server.admin.functions()) {
    if (state !== "ready") {
      throw new Error(`Cannot measure ${name}: ${state}, ${error}\n${server.console.slice(-2000)}`);
    }
  }
  return server;
}

/** Load without a single failure. */
export async function cleanLoad(url: string, options: LoadOptions): Promise<LoadResult> {
  const result = await load(url, options);
  if (result.errors > 0) throw new Error(`Cannot count ${url}: ${result.errors} requests failed`);
  return result;
}
