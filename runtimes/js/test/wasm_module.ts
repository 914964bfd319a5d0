/** Reads of a WebAssembly module what an instance's state is made of, and which instructions it has. */

const Section = { IMPORT: 2, TABLE: 4, MEMORY: 5, GLOBAL: 6, EXPORT: 7, CODE: 10 } as const;
const KINDS = ["function", "table", "memory", "global"] as const;

export interface Limits {
  readonly min: number;
  readonly max: number | null;
}

export interface WasmModule {
  readonly imports: { module: string; name: string; kind: typeof KINDS[number] }[];
  readonly exports: { name: string; kind: typeof KINDS[number] }[];
  readonly memories: Limits[];
  readonly tables: Limits[];
  readonly mutableGlobals: number;
  /** Opcodes, those behind a prefix as 0xfc08 and so on. */
  readonly opcodes: Set<number>;
}

class Reader {
  #at = 0;
  constructor(readonly bytes: Uint8Array<ArrayBuffer>) {}

  get isAtEnd(): boolean {
    return this.#at >= this.bytes.length;
  }
  byte(): number {
    return this.bytes[this.#at++];
  }
  skip(count: number): void {
    this.#at += count;
  }
  /** LEB128; a signed one has as many bytes, which is all that skipping it takes. */
  number(): number {
    let value = 0;
    for (let shift = 0;; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }
  name(): string {
    return new TextDecoder().decode(this.part(this.number()).bytes);
  }
  part(length: number): Reader {
    const part = this.bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return new Reader(part);
  }
  list<T>(item: () => T): T[] {
    return Array.from({ length: this.number() }, item);
  }
  limits(): Limits {
    const hasMax = (this.byte() & 1) !== 0;
    return { min: this.number(), max: hasMax ? this.number() : null };
  }
}

export function readModule(bytes: Uint8Array<ArrayBuffer>): WasmModule {
  const module: WasmModule = {
    imports: [],
    exports: [],
    memories: [],
    tables: [],
    mutableGlobals: 0,
    opcodes: new Set(),
  };
  const reader = new Reader(bytes);
  reader.skip(8);
  while (!reader.isAtEnd) {
    const id = reader.byte();
    readSection(id, reader.part(reader.number()), module);
  }
  return module;
}

function readSection(id: number, section: Reader, module: { -readonly [K in keyof WasmModule]: WasmModule[K] }): void {
  switch (id) {
    case Section.IMPORT:
      module.imports = section.list(() => {
        const [from, name, kind] = [section.name(), section.name(), KINDS[section.byte()]];
        if (kind !== "function") throw new Error(`Cannot read an imported ${kind}`);
        section.number();
        return { module: from, name, kind };
      });
      return;
    case Section.TABLE:
      module.tables = section.list(() => (section.byte(), section.limits()));
      return;
    case Section.MEMORY:
      module.memories = section.list(() => section.limits());
      return;
    case Section.GLOBAL:
      section.list(() => {
        section.byte();
        module.mutableGlobals += section.byte();
        readExpression(section, new Set());
      });
      return;
    case Section.EXPORT:
      module.exports = section.list(() => {
        const [name, kind] = [section.name(), KINDS[section.byte()]];
        section.number();
        return { name, kind };
      });
      return;
    case Section.CODE:
      section.list(() => {
        const body = section.part(section.number());
        body.list(() => (body.number(), body.byte()));
        readExpression(body, module.opcodes);
      });
  }
}

/** Bytes or numbers that follow an opcode. */
function skipImmediates(opcode: number, reader: Reader): void {
  const numbers = (count: number) => {
    for (let i = 0; i < count; i++) reader.number();
  };
  if (opcode >= 0x28 && opcode <= 0x3e) numbers(2); // loads and stores: alignment, offset
  else if (opcode >= 0x02 && opcode <= 0x04) numbers(1); // blocks: their type
  else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10) numbers(1); // branches, calls
  else if (opcode === 0x0e) numbers(reader.number() + 1); // a table of branches
  else if (opcode === 0x11) numbers(2); // indirect calls: type, table
  else if (opcode >= 0x20 && opcode <= 0x26) numbers(1); // locals, globals, tables
  else if (opcode === 0x3f || opcode === 0x40) numbers(1); // memory size, memory grow
  else if (opcode === 0x41 || opcode === 0x42) numbers(1); // integers
  else if (opcode === 0x43) reader.skip(4);
  else if (opcode === 0x44) reader.skip(8);
  else if (opcode > 0xc4 || (opcode > 0x1b && opcode < 0x20)) throw new Error(`Cannot read the opcode ${opcode}`);
}

/** Saturating conversions are the only ones behind this prefix that a module without bulk memory has. */
const PREFIX = 0xfc;
const LAST_SATURATING = 7;
const END = 0x0b;
const BLOCK_OPENERS = [0x02, 0x03, 0x04];

function readExpression(reader: Reader, opcodes: Set<number>): void {
  for (let depth = 1; depth > 0;) {
    const opcode = reader.byte();
    if (opcode === PREFIX) {
      const second = reader.number();
      opcodes.add(PREFIX * 256 + second);
      if (second > LAST_SATURATING) return; // it is counted: that is enough to refuse the module
      continue;
    }
    opcodes.add(opcode);
    if (BLOCK_OPENERS.includes(opcode)) depth++;
    else if (opcode === END) depth--;
    skipImmediates(opcode, reader);
  }
}
