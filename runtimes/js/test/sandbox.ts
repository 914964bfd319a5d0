/**
 * The engine in Deno's own WebAssembly. It has no limits, no threads and no speed; snapshots are copies of the whole
 * memory.
 */
import { openParts } from "../../../src/setup/setup.ts";
import type { Frame } from "./frames.ts";

export const GuestState = { PARKED: 0, DONE: 1, FAULT: 2 } as const;

export const IN_BYTES = 128 * 1024;
const NO_WAKE = 0xffffffff;
/** Fields of struct mf_guest_io. */
const IO = { outLength: 4, wakeMs: 8, fresh: 12, seed: 16, memoryUsed: 32, in: 40, out: 40 + IN_BYTES };

interface Exports {
  memory: WebAssembly.Memory;
  __stack_pointer: WebAssembly.Global;
  _initialize(): void;
  mf_init(): number;
  mf_alloc(size: number): number;
  mf_boot(pointer: number, length: number): number;
  mf_io(): number;
  mf_step(length: number): number;
}

export interface Files {
  wasm: Uint8Array<ArrayBuffer>;
  library: Uint8Array<ArrayBuffer>;
}

/** The engine that set-up builds. */
export async function engineFiles(): Promise<Files> {
  const parts = await openParts({ progress: console.log });
  const [module, library] = await Promise.all([parts.module(), parts.library()]);
  return { wasm: await module.read(), library: await library.read() };
}

/** An image of a memory: what is used from below, and the last page, where the allocator has its end mark. */
export interface Snapshot {
  readonly module: WebAssembly.Module;
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly lastPage: Uint8Array<ArrayBuffer>;
  readonly stackPointer: number;
}

export interface StepResult {
  state: number;
  frames: Frame[];
  /** null: no timer. */
  wakeMs: number | null;
}
const decoder = new TextDecoder();

export class Sandbox {
  readonly #module: WebAssembly.Module;
  readonly #exports: Exports;
  #io = 0;
  /** Nanoseconds that the guest's clocks are ahead of the host's. */
  #aheadNs = 0n;
  /** While the base image is made, clocks stand still. */
  #booted = false;

  private constructor(module: WebAssembly.Module) {
    this.#module = module;
    const imports = {
      mayfly: {
        clock: (which: number): bigint => this.#booted ? this.clock(which) : 0n,
        random: (pointer: number, length: number): void => {
          crypto.getRandomValues(new Uint8Array(this.#exports.memory.buffer, pointer, length));
        },
      },
    };
    this.#exports = new WebAssembly.Instance(module, imports).exports as unknown as Exports;
  }

  static boot({ wasm, library }: Files): Sandbox {
    const sandbox = new Sandbox(new WebAssembly.Module(wasm));
    const exports = sandbox.#exports;
    exports._initialize();
    if (exports.mf_init() !== 0) throw new Error("The engine did not start");
    const pointer = exports.mf_alloc(library.length);
    new Uint8Array(exports.memory.buffer).set(library, pointer);
    sandbox.#io = exports.mf_io();
    if (exports.mf_boot(pointer, library.length) !== 0) {
      throw new Error(`The library did not start: ${sandbox.#outText()}`);
    }
    sandbox.#booted = true;
    return sandbox;
  }

  /** As a clone begins: the snapshot's memory, a fresh seed. */
  static clone({ module, memory, lastPage, stackPointer }: Snapshot): Sandbox {
    const sandbox = new Sandbox(module);
    const exports = sandbox.#exports;
    const target = new Uint8Array(exports.memory.buffer);
    target.set(memory);
    target.set(lastPage, target.length - PAGE);
    exports.__stack_pointer.value = stackPointer;
    sandbox.#io = exports.mf_io();
    sandbox.#booted = true;
    const view = sandbox.#view;
    view.setUint32(IO.fresh, 1, true);
    const seed = crypto.getRandomValues(new BigUint64Array(2));
    view.setBigUint64(IO.seed, seed[0], true);
    view.setBigUint64(IO.seed + 8, seed[1], true);
    return sandbox;
  }

  snapshot(): Snapshot {
    const memory = new Uint8Array(this.#exports.memory.buffer as ArrayBuffer);
    return {
      module: this.#module,
      memory: usedPart(memory),
      lastPage: memory.slice(memory.length - PAGE),
      stackPointer: this.#exports.__stack_pointer.value,
    };
  }

  clock(which: number): bigint {
    const base = which === 0 ? Date.now() : performance.now();
    return BigInt(Math.round(base * 1e6)) + this.#aheadNs;
  }

  /** Lets time pass, for the guest alone. */
  advance(ms: number): void {
    this.#aheadNs += BigInt(Math.round(ms * 1e6));
  }

  get #view(): DataView {
    return new DataView(this.#exports.memory.buffer, this.#io);
  }

  #outText(): string {
    const length = this.#view.getUint32(IO.outLength, true);
    return decoder.decode(new Uint8Array(this.#exports.memory.buffer, this.#io + IO.out, length));
  }

  get memoryUsed(): number {
    return this.#view.getUint32(IO.memoryUsed, true);
  }

  step(frames: readonly Frame[] = []): StepResult {
    let length = 0;
    for (const frame of frames) length += this.#writeFrame(IO.in + length, frame);
    const state = this.#exports.mf_step(length);
    const wake = this.#view.getUint32(IO.wakeMs, true);
    return { state, frames: this.#readFrames(), wakeMs: wake === NO_WAKE ? null : wake };
  }

  #writeFrame(offset: number, { type, flags, aux, payload }: Frame): number {
    const view = this.#view;
    view.setUint8(offset, type);
    view.setUint8(offset + 1, flags);
    view.setUint16(offset + 2, aux, true);
    view.setUint32(offset + 4, payload.length, true);
    new Uint8Array(this.#exports.memory.buffer).set(payload, this.#io + offset + 8);
    return 8 + ((payload.length + 3) & ~3);
  }

  #readFrames(): Frame[] {
    const view = this.#view;
    const end = view.getUint32(IO.outLength, true);
    const frames: Frame[] = [];
    for (let at = 0; at < end;) {
      const start = IO.out + at;
      const length = view.getUint32(start + 4, true);
      frames.push({
        type: view.getUint8(start),
        flags: view.getUint8(start + 1),
        aux: view.getUint16(start + 2, true),
        payload: new Uint8Array(this.#exports.memory.buffer, this.#io + start + 8, length).slice(),
      });
      at += 8 + ((length + 3) & ~3);
    }
    return frames;
  }
}

const PAGE = 65536;
/** So much that is zero, and the rest was never used. */
const ENOUGH_ZEROS = 64 * 1024 * 1024;

function usedPart(memory: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const doubles = new Float64Array(memory.buffer);
  let end = 0;
  for (let page = 0; page < memory.length - PAGE && page - end < ENOUGH_ZEROS; page += PAGE) {
    if (!isZero(doubles, page / 8, (page + PAGE) / 8)) end = page + PAGE;
  }
  return memory.slice(0, end);
}

/** Negative zeros and the like are no matter: an image with one has others around it. */
function isZero(doubles: Float64Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (doubles[i] !== 0) return false;
  }
  return true;
}

let base: Snapshot | undefined;

/** The image that every function starts from; one for all tests of a process. */
export async function baseImage(): Promise<Snapshot> {
  return base ??= Sandbox.boot(await engineFiles()).snapshot();
}
