/**
 * Many files in one, which is written once and then only read: this header, an entry for each file in the order of their
 * names, the names, the contents. ffi/shim/wasi_files.c reads it too.
 */
import { createHash } from "node:crypto";
import { LIMITS } from "../limits.ts";

/** Of a version's folder: the files of a function that is a folder itself. */
export const FILE_PACK = "files.pack";

const MAGIC = new TextEncoder().encode("mayflyfp");
const ABI = 1;
const HEADER_BYTES = 24;
const ENTRY_BYTES = 24;
const MOST_NAME_BYTES = 1024;

export interface PackedFile {
  /** Its name in the pack: `sub/data.csv`. */
  readonly path: string;
  /** Where it is read from. */
  readonly from: string;
  /** The SHA-256 of its content, in hexadecimal. */
  readonly hash: string;
}

/** What is to be packed cannot be. */
export class PackError extends Error {
  override readonly name: string = "PackError";
}

/** A file is not what its hash says. */
export class PackChanged extends PackError {
  override readonly name = "PackChanged";
  constructor(readonly path: string) {
    super(`Cannot keep ${path}: it changed meanwhile`);
  }
}

type Bytes = Uint8Array<ArrayBuffer>;
interface Named {
  readonly name: Bytes;
  readonly file: PackedFile;
}

/** Throws a PackError if a file is not what its hash says, or if it is all too much. */
export async function writeFilePack(to: string, files: Iterable<PackedFile>, mostBytes: number): Promise<void> {
  const named = [...files].map((file): Named => ({ name: new TextEncoder().encode(file.path), file })).sort(byName);
  const long = named.find(({ name }) => name.length > MOST_NAME_BYTES);
  if (long) throw new PackError(`Cannot keep ${long.file.path}: its name is longer than ${MOST_NAME_BYTES} bytes`);
  if (named.length > LIMITS.packedFiles) {
    throw new PackError(`Cannot keep more than ${LIMITS.packedFiles} files of one function`);
  }

  const namesLength = named.reduce((sum, { name }) => sum + name.length, 0);
  const index = new Uint8Array(HEADER_BYTES + ENTRY_BYTES * named.length + namesLength);
  const view = new DataView(index.buffer);
  index.set(MAGIC);
  view.setUint32(8, ABI, true);
  view.setUint32(12, named.length, true);
  view.setBigUint64(16, BigInt(namesLength), true);

  using pack = await Deno.open(to, { write: true, createNew: true });
  let at = index.length;
  let nameAt = 0;
  await pack.seek(at, Deno.SeekMode.Start);
  for (const [place, { name, file }] of named.entries()) {
    const content = await contentOf(file);
    if (at + content.length > mostBytes) {
      throw new PackError(`Cannot keep more than ${mostBytes >> 20} MB of files of one function`);
    }
    const entry = HEADER_BYTES + ENTRY_BYTES * place;
    view.setUint32(entry, nameAt, true);
    view.setUint32(entry + 4, name.length, true);
    view.setBigUint64(entry + 8, BigInt(at), true);
    view.setBigUint64(entry + 16, BigInt(content.length), true);
    index.set(name, HEADER_BYTES + ENTRY_BYTES * named.length + nameAt);
    await writeAll(pack, content);
    nameAt += name.length;
    at += content.length;
  }
  await pack.seek(0, Deno.SeekMode.Start);
  await writeAll(pack, index);
}

async function contentOf({ path, from, hash }: PackedFile): Promise<Bytes> {
  const content = await Deno.readFile(from);
  if (createHash("sha256").update(content).digest("hex") === hash) return content;
  throw new PackChanged(path);
}

async function writeAll(file: Deno.FsFile, bytes: Bytes): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

function byName({ name: a }: Named, { name: b }: Named): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

type Places = ReadonlyMap<string, { readonly at: number; readonly length: number }>;

/** A pack that is open for reading. Its files are found by exact name. */
export class FilePack implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #places: Places;

  private constructor(file: Deno.FsFile, places: Places) {
    this.#file = file;
    this.#places = places;
  }

  /** Throws if it is damaged. */
  static async open(path: string): Promise<FilePack> {
    const file = await Deno.open(path);
    try {
      return new FilePack(file, await readIndex(file));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  get paths(): string[] {
    return [...this.#places.keys()];
  }

  /** Null: there is no such file. */
  size(path: string): number | null {
    return this.#places.get(path)?.length ?? null;
  }

  /** At most `length` bytes of a file; null: there is no such file. */
  async read(path: string, from = 0, length = Infinity): Promise<Bytes | null> {
    const place = this.#places.get(path);
    if (!place) return null;
    const wanted = Math.min(length, Math.max(0, place.length - from));
    return await readAt(this.#file, place.at + from, wanted);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

async function readIndex(file: Deno.FsFile): Promise<Places> {
  const { size } = await file.stat();
  const header = new DataView((await readAt(file, 0, HEADER_BYTES)).buffer);
  const count = header.getUint32(12, true);
  const namesLength = Number(header.getBigUint64(16, true));
  const magic = new Uint8Array(header.buffer, 0, MAGIC.length);
  const isSound = MAGIC.every((byte, at) => magic[at] === byte) && header.getUint32(8, true) === ABI;
  if (!isSound || HEADER_BYTES + ENTRY_BYTES * count + namesLength > size) throw damaged();
  const index = await readAt(file, HEADER_BYTES, ENTRY_BYTES * count + namesLength);
  const view = new DataView(index.buffer);
  const places = new Map<string, { at: number; length: number }>();
  for (let entry = 0; entry < ENTRY_BYTES * count; entry += ENTRY_BYTES) {
    const name = ENTRY_BYTES * count + view.getUint32(entry, true);
    const path = new TextDecoder().decode(index.subarray(name, name + view.getUint32(entry + 4, true)));
    const [at, length] = [Number(view.getBigUint64(entry + 8, true)), Number(view.getBigUint64(entry + 16, true))];
    if (at + length > size) throw damaged();
    places.set(path, { at, length });
  }
  return places;
}

/** Synchronous, so that nobody else moves the file's position between the two. */
function readAt(file: Deno.FsFile, at: number, length: number): Promise<Bytes> {
  const bytes = new Uint8Array(length);
  file.seekSync(at, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const got = file.readSync(bytes.subarray(done));
    if (got === null) return Promise.reject(damaged());
    done += got;
  }
  return Promise.resolve(bytes);
}

const damaged = () => new Error("Cannot read the function's files: their pack is damaged");
