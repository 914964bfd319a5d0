import { dirname } from "node:path";

const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
/** Written at once: thrice as many bytes, at most. */
const PIECE_LENGTH = 512 * 1024;

/** Two files: the newer one is written until it is full, then it takes the place of the older. */
export class LogFile {
  constructor(private readonly path: string, private readonly limitBytes: number) {}

  async append(lines: readonly string[]): Promise<void> {
    for (const text of piecesOf(lines)) await this.#appendPiece(new TextEncoder().encode(text));
  }

  /** The last lines, oldest first. */
  async tail(count: number): Promise<string[]> {
    const newer = await lastLines(this.path, count);
    if (newer.length === count) return newer;
    return [...await lastLines(this.#older, count - newer.length), ...newer];
  }

  async remove(): Promise<void> {
    for (const path of [this.path, this.#older]) await Deno.remove(path).catch(ignoreNotFound);
  }

  async #appendPiece(bytes: Uint8Array): Promise<void> {
    const before = (await Deno.stat(this.path).catch(ignoreNotFound))?.size ?? 0;
    if (before > 0 && before + bytes.length > this.limitBytes) await Deno.rename(this.path, this.#older);
    using file = await this.#open();
    await writeWhole(file, bytes);
  }

  /** No log's own name ends so, for each ends in its extension. */
  get #older(): string {
    return `${this.path}.1`;
  }

  async #open(): Promise<Deno.FsFile> {
    const options = { append: true, create: true, mode: 0o600 };
    try {
      return await Deno.open(this.path, options);
    } catch (error) {
      ignoreNotFound(error);
      await Deno.mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      return await Deno.open(this.path, options);
    }
  }
}

function* piecesOf(lines: readonly string[]): Generator<string> {
  let piece = "";
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/** On a disk that is full no half of a line is left behind. */
async function writeWhole(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  const { size } = await file.stat();
  try {
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  } catch (error) {
    await file.truncate(size);
    throw error;
  }
}

/** Reads from the end, no more than it has to. */
async function lastLines(path: string, count: number): Promise<string[]> {
  using file = await Deno.open(path).catch(ignoreNotFound);
  if (file === undefined) return [];
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let newlines = 0;
  // One newline more than lines: the last chunk ends in one.
  for (let end = (await file.stat()).size; end > 0 && newlines <= count;) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end));
    end -= chunk.length;
    await readWhole(file, chunk, end);
    newlines += countOf(NEWLINE, chunk);
    chunks.unshift(chunk);
  }
  const lines = (await new Blob(chunks).text()).split("\n");
  // A machine that lost its power may have left half a line, which then is the beginning of another.
  return lines.slice(Math.max(0, lines.length - 1 - count)).filter(isJson);
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function readWhole(file: Deno.FsFile, into: Uint8Array, from: number): Promise<void> {
  await file.seek(from, Deno.SeekMode.Start);
  for (let filled = 0; filled < into.length;) {
    const read = await file.read(into.subarray(filled));
    if (read === null) return;
    filled += read;
  }
}

function countOf(byte: number, bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) count++;
  return count;
}

function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
