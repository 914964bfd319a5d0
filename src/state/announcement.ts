import { join } from "node:path";

/** Where a server says that it listens. */
export interface Announcement {
  readonly url: string;
  readonly pid: number;
}

/** What `server.json` says, of a server that may have been killed since. */
export async function readAnnouncement(dataFolder: string): Promise<Announcement | null> {
  try {
    const { url, pid } = JSON.parse(await Deno.readTextFile(join(dataFolder, "server.json")));
    return typeof url === "string" && URL.canParse(url) && typeof pid === "number" ? { url, pid } : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * The server that runs on a data folder, or null. Only a server that lives holds the folder's lock; without that
 * check the admin token of a killed one would be sent to whoever listens on its port now.
 */
export async function runningServer(dataFolder: string): Promise<Announcement | null> {
  let lock: Deno.FsFile;
  try {
    lock = await Deno.open(join(dataFolder, "lock"), { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    // Shared, so that two client commands do not take each other for a server.
    return await lock.tryLock(false) ? null : await readAnnouncement(dataFolder);
  } finally {
    lock.close();
  }
}
