import { join } from "node:path";
import { CellProtocol } from "../../../ffi/layout.ts";
import type { RuntimeImage } from "../../../runtimes/runtime.ts";
import type { Images } from "./images.ts";
import type { Runtimes } from "./runtimes.ts";
import type { StoredSnapshot, StoredView } from "./stored.ts";

/** In a version's folder: its snapshot, and what is to be known to load it. */
export const SNAPSHOT = "snapshot.bin";
export const RECORD = "vm.json";

export interface VersionRecord {
  /** The runtime that it is a difference to; null: it is whole. */
  readonly runtime: string | null;
  /** The runtimes' images that it sees, by name; of its own runtime's none is named. */
  readonly images: readonly string[];
  /** Its own packed images: files in the version's folder. */
  readonly views: readonly string[];
  readonly protocol: number;
  readonly tcpPort: number;
  readonly madeAtMs: number;
}

/** What lies in a version's folder, as cells load it. The folder is another one once, when a build is committed. */
export class VersionSnapshot implements StoredSnapshot {
  readonly parent: StoredSnapshot | null;
  readonly views: readonly StoredView[];
  readonly protocol: number;
  readonly tcpPort: number;
  #aside: string | null = null;

  constructor(
    public folder: string,
    readonly record: VersionRecord,
    parent: StoredSnapshot | null,
    images: readonly StoredView[],
  ) {
    this.parent = parent;
    this.protocol = record.protocol;
    this.tcpPort = record.tcpPort;
    const fileOf = (name: string) => join(this.folder, name);
    this.views = [
      ...images,
      ...record.views.map((name) => ({
        get file() {
          return fileOf(name);
        },
      })),
    ];
  }

  get file(): string {
    return this.#aside ?? join(this.folder, SNAPSHOT);
  }

  /** Its file is that one from now on: another will be in its place. */
  async setAside(file: string): Promise<void> {
    await Deno.link(this.file, file);
    this.#aside = file;
  }
}

export interface VersionParts {
  readonly runtimes: Runtimes;
  readonly images: Images;
  /** All that a version may name. */
  readonly known: readonly RuntimeImage[];
}

/** Throws if the folder is damaged, or names what is not there any more. */
export async function readVersion(folder: string, parts: VersionParts): Promise<VersionSnapshot> {
  const record = parseRecord(await Deno.readTextFile(join(folder, RECORD)));
  if (!(await Deno.stat(join(folder, SNAPSHOT))).isFile) throw new Error("Cannot use the snapshot: it is no file");
  const runtime = record.runtime === null ? null : await parts.runtimes.find(record.runtime);
  const images = await Promise.all(record.images.map((name) => parts.images.of(knownImage(name, parts.known))));
  return new VersionSnapshot(folder, record, runtime, images);
}

/** What the versions on disk need to be loaded. */
export interface Needed {
  readonly runtimes: ReadonlySet<string>;
  /** By name. */
  readonly images: ReadonlySet<string>;
}

/** `versions` has a folder for each tenant, function and version. */
export async function neededBy(versions: string): Promise<Needed> {
  const [runtimes, images] = [new Set<string>(), new Set<string>()];
  for (const tenant of await foldersIn(versions)) {
    for (const name of await foldersIn(tenant)) {
      for (const version of await foldersIn(name)) {
        // One that cannot be read will not be loaded either, nor is one of the Wasm tier.
        const record = await Deno.readTextFile(join(version, RECORD)).then(parseRecord).catch(() => null);
        if (record?.runtime) runtimes.add(record.runtime);
        for (const image of record?.images ?? []) images.add(image);
      }
    }
  }
  return { runtimes, images };
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => join(folder, name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function knownImage(name: string, known: readonly RuntimeImage[]): RuntimeImage {
  const image = known.find((image) => image.name === name);
  if (!image) throw new Error(`Cannot use the version: there is no image ${name}`);
  return image;
}

function parseRecord(text: string): VersionRecord {
  const record: VersionRecord = JSON.parse(text);
  const { runtime, images, views, protocol, tcpPort, madeAtMs } = record;
  const areNames = (names: unknown) =>
    Array.isArray(names) && names.every((name) => typeof name === "string" && /^\w[\w.-]*$/.test(name));
  const isSound = (runtime === null || typeof runtime === "string") && areNames(images) && areNames(views) &&
    Object.values<number>(CellProtocol).includes(protocol) && Number.isInteger(tcpPort) && Number.isFinite(madeAtMs);
  if (!isSound) throw new Error(`Cannot use the version: its ${RECORD} is damaged`);
  return record;
}
