/** What an ELF file says of itself, as far as it decides whether and with what it runs here. */
export interface Elf {
  /** It has a place to begin at: a library has none. */
  readonly isProgram: boolean;
  /** The dynamic loader that it asks for; null: it needs none. */
  readonly interpreter: string | null;
  /** Names of the libraries that it is linked with. */
  readonly needed: readonly string[];
}

/** The file is no program that a microVM can run; the message says why, and begins with "it". */
export class ElfError extends Error {
  override readonly name = "ElfError";
}

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINES: Readonly<Record<number, string>> = { 3: "x86", 40: "ARM", 183: "ARM 64", 243: "RISC-V", 21: "PowerPC" };
const X86_64 = 62;
const EXECUTABLE = 2;
const SHARED = 3;
const LOAD = 1;
const DYNAMIC = 2;
const INTERPRETER = 3;
const TAG_NEEDED = 1n;
const TAG_STRINGS = 5n;

const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const MOST_SEGMENTS = 256;
/** Of the parts that are read, at most: a table of a few names. */
const MOST_BYTES = 1024 * 1024;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Throws an ElfError. */
export async function readElf(path: string): Promise<Elf> {
  using file = await Deno.open(path);
  const header = await readHeader(file);
  const segments = await readSegments(file, header);
  const interpreter = segments.find(({ type }) => type === INTERPRETER);
  return {
    isProgram: wide(header, 24) !== 0,
    interpreter: interpreter ? textAt(await part(file, interpreter.offset, interpreter.size), 0) : null,
    needed: await readNeeded(file, segments),
  };
}

async function readHeader(file: Deno.FsFile): Promise<DataView> {
  const header = await part(file, 0, HEADER_BYTES);
  if (header.byteLength < HEADER_BYTES || header.getUint32(0) !== MAGIC) throw new ElfError("it is no ELF file");
  const machine = header.getUint16(18, true);
  if (header.getUint8(5) !== LITTLE_ENDIAN || machine !== X86_64) {
    throw new ElfError(
      `it is for another processor${machine in MACHINES ? `, ${MACHINES[machine]}` : ""}, not for x86-64`,
    );
  }
  if (header.getUint8(4) !== CLASS_64) throw new ElfError("it is a 32-bit program");
  const type = header.getUint16(16, true);
  if (type !== EXECUTABLE && type !== SHARED) throw new ElfError("it is not linked: an object file or a core dump");
  return header;
}

async function readSegments(file: Deno.FsFile, header: DataView): Promise<Segment[]> {
  const count = header.getUint16(56, true);
  if (header.getUint16(54, true) !== SEGMENT_BYTES || count > MOST_SEGMENTS) throw new ElfError("it is damaged");
  const table = await part(file, wide(header, 32), count * SEGMENT_BYTES);
  if (table.byteLength < count * SEGMENT_BYTES) throw new ElfError("it is cut off");
  return Array.from({ length: count }, (_, at) => ({
    type: table.getUint32(at * SEGMENT_BYTES, true),
    offset: wide(table, at * SEGMENT_BYTES + 8),
    address: wide(table, at * SEGMENT_BYTES + 16),
    size: wide(table, at * SEGMENT_BYTES + 32),
  }));
}

async function readNeeded(file: Deno.FsFile, segments: readonly Segment[]): Promise<string[]> {
  const dynamic = segments.find(({ type }) => type === DYNAMIC);
  if (!dynamic) return [];
  const table = await part(file, dynamic.offset, dynamic.size);
  const names: number[] = [];
  let strings: number | null = null;
  for (let at = 0; at + 16 <= table.byteLength; at += 16) {
    const tag = table.getBigUint64(at, true);
    if (tag === 0n) break;
    if (tag === TAG_NEEDED) names.push(wide(table, at + 8));
    if (tag === TAG_STRINGS) strings = wide(table, at + 8);
  }
  if (names.length === 0 || strings === null) return [];
  const from = strings;
  const segment = segments.find(({ type, address, size }) => type === LOAD && from >= address && from < address + size);
  if (!segment) throw new ElfError("it is damaged");
  const bytes = await part(file, segment.offset + from - segment.address, segment.size - (from - segment.address));
  return names.map((at) => textAt(bytes, at));
}

async function part(file: Deno.FsFile, offset: number, size: number): Promise<DataView> {
  const bytes = new Uint8Array(Math.min(size, MOST_BYTES));
  await file.seek(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < bytes.length) {
    const got = await file.read(bytes.subarray(filled));
    if (got === null) break;
    filled += got;
  }
  return new DataView(bytes.buffer, 0, filled);
}

/** Throws an ElfError for a place that no file has. */
function wide(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(2 ** 47)) throw new ElfError("it is damaged");
  return Number(value);
}

function textAt(view: DataView, at: number): string {
  if (at >= view.byteLength) throw new ElfError("it is damaged");
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).subarray(at);
  const end = bytes.indexOf(0);
  if (end < 0) throw new ElfError("it is damaged");
  return new TextDecoder().decode(bytes.subarray(0, end));
}
