import { join } from "node:path";
import { OperatorError } from "../errors.ts";
import { readAnnouncement } from "./announcement.ts";

/** Of what is in the folder, apart from the database, which has its own. */
const FORMAT = 1;
/** Any of these makes a folder one that a server may use; the last is of an empty disk. */
const OURS = new Set(["format", "admin-token", "lock", "lost+found"]);
const DATABASE = "state.db";
const LOCK_TRIES = 5;
const LOCK_PAUSE_MS = 20;

/** The folder that holds all that a server keeps. While it is open, it is this process's alone. */
export class DataFolder implements AsyncDisposable {
  private constructor(readonly path: string, readonly adminToken: string, private readonly lock: Deno.FsFile) {}

  /** Makes it if need be. Refuses by name a folder that another server uses, or that a newer Mayfly made. */
  static async open(path: string): Promise<DataFolder> {
    await makePrivate(path);
    const lock = await takeLock(path);
    try {
      // The lock is ours, so a server that is announced here was killed.
      await forgetAnnouncement(path);
      await checkFormat(path);
      await keepDatabasePrivate(path);
      return new DataFolder(path, await keepToken(join(path, "admin-token")), lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  get database(): string {
    return join(this.path, DATABASE);
  }

  get logs(): string {
    return join(this.path, "logs");
  }

  /** Tells the client commands where the server listens. */
  async announce(url: string): Promise<void> {
    await replace(join(this.path, "server.json"), JSON.stringify({ url, pid: Deno.pid }) + "\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await forgetAnnouncement(this.path);
    this.lock.close();
  }
}

async function makePrivate(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
    const info = await Deno.stat(path);
    if (info.uid !== Deno.uid()) throw new Deno.errors.PermissionDenied("it is another user's");
    await checkIsOurs(path);
    if ((info.mode! & 0o077) !== 0) await Deno.chmod(path, 0o700);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
      throw new OperatorError(`Cannot use ${path} as data folder: it is no folder`, "name another with --data DIR");
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new OperatorError(
        `Cannot use ${path} as data folder: it is not this user's to write`,
        "name a folder of yours with --data DIR",
        { cause: error },
      );
    }
    throw error;
  }
}

/** So that nobody's home folder is closed to others and filled by a slip of `--data`. */
async function checkIsOurs(path: string): Promise<void> {
  const names = (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  if (names.length === 0 || names.some((name) => OURS.has(name))) return;
  throw new OperatorError(
    `Cannot use ${path} as data folder: it holds other things, such as ${names[0]}`,
    "name an empty or a new folder with --data DIR",
  );
}

/** The kernel drops the lock of a process that was killed, so it can never be left behind. */
async function takeLock(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(join(path, "lock"), { create: true, read: true, write: true, mode: 0o600 });
  // A client command that looks whether a server runs holds the lock for a moment.
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    if (await file.tryLock(true)) return file;
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
  }
  file.close();
  const other = await readAnnouncement(path);
  throw new OperatorError(
    `Cannot use ${path} as data folder: ${
      other ? `the server at ${other.url} (process ${other.pid}) is running on it` : "another server is starting on it"
    }`,
    "stop that server, or name another folder with --data DIR",
  );
}

async function forgetAnnouncement(path: string): Promise<void> {
  await Deno.remove(join(path, "server.json")).catch(ignoreNotFound);
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, "format");
  const found = await Deno.readTextFile(file).catch(ignoreNotFound);
  if (found === undefined) return await replace(file, `${FORMAT}\n`);
  if (found.trim() === `${FORMAT}`) return;
  throw new OperatorError(
    `Cannot use ${path} as data folder: its format is ${JSON.stringify(found.trim())}, this Mayfly knows ${FORMAT}`,
    "start the newer Mayfly that wrote it, or name another folder with --data DIR",
  );
}

async function keepToken(file: string): Promise<string> {
  const found = (await Deno.readTextFile(file).catch(ignoreNotFound))?.trim();
  if (found !== undefined && /^[A-Za-z0-9_-]{32,}$/.test(found)) {
    await Deno.chmod(file, 0o600);
    return found;
  }
  const token = crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
  await replace(file, `${token}\n`);
  return token;
}

/** SQLite makes what it puts beside the database as private as that is; environments of functions are in there. */
async function keepDatabasePrivate(path: string): Promise<void> {
  const database = join(path, DATABASE);
  const info = await Deno.stat(database).catch(ignoreNotFound);
  if (info === undefined) await Deno.writeFile(database, new Uint8Array(), { mode: 0o600, createNew: true });
  for (const suffix of ["", "-wal", "-shm"]) await Deno.chmod(database + suffix, 0o600).catch(ignoreNotFound);
}

/** Readers see the old file or the new one. */
async function replace(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  await Deno.remove(fresh).catch(ignoreNotFound);
  await Deno.writeTextFile(fresh, text, { mode: 0o600, createNew: true });
  await Deno.rename(fresh, file);
}

function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
