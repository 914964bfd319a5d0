import { constants } from "node:os";
import { CellFile, LAYOUT, RING } from "./layout.ts";
import { type Bytes, check, cString, Message, NativeError } from "./native_values.ts";
import type { RingCalls } from "./ring.ts";
import type { Symbols } from "./symbols.ts";

export { NativeError };

export interface CellPaths {
  /** The cell's program. */
  readonly program: string;
  readonly kvm: string;
  /** Where a socket is for a moment: in a folder that nobody else can enter. */
  readonly wakeSocket: string;
}

const TROUBLES = new Map<number, string>([
  [constants.errno.EPIPE, "it is gone"],
  [constants.errno.EAGAIN, "it has not read what it was asked before"],
]);

/** The copies of rings whose cells are gone: each is unmapped when nothing can look at it any more. */
const rings = new FinalizationRegistry<() => void>((forget) => forget());

/**
 * A cell's process, with the server's own copy of its ring. What the cell tells comes as bytes on `told`, which ends with it.
 */
export class NativeCell implements RingCalls {
  readonly #symbols: Symbols;
  readonly pid: number;
  /** Null: it has ended. */
  #cell: Deno.PointerObject | null;

  private constructor(
    symbols: Symbols,
    cell: Deno.PointerObject,
    readonly memory: ArrayBuffer,
    readonly told: Deno.UnixConn,
  ) {
    this.#symbols = symbols;
    this.#cell = cell;
    this.pid = symbols.mf_cell_process(cell);
  }

  /** Starts one in namespaces of its own; the rest of its jail it makes itself when it is asked to start. */
  static async open(symbols: Symbols, { program, kvm, wakeSocket }: CellPaths): Promise<NativeCell> {
    const what = "start a cell";
    const [cellOut, ringOut] = [new BigUint64Array(1), new BigUint64Array(1)];
    check(symbols.mf_cell_new(cString(wakeSocket, what), cellOut, ringOut), what, wakeSocket);
    const cell = Deno.UnsafePointer.create(cellOut[0])!;
    const memory = ringOf(symbols, Deno.UnsafePointer.create(ringOut[0])!);
    let told: Deno.UnixConn | null = null;
    try {
      told = await Deno.connect({ transport: "unix", path: wakeSocket });
      const message = new Message();
      const paths = [cString(program, what), cString(kvm, what)] as const;
      check(symbols.mf_cell_start(cell, ...paths, message.bytes, message.capacity), what, message.toString());
      return new NativeCell(symbols, cell, memory, told);
    } catch (error) {
      told?.close();
      await symbols.mf_cell_end(cell);
      throw error;
    }
  }

  /** CLOCK_MONOTONIC in nanoseconds, of which the deadlines in slots are. */
  nowNs(): bigint {
    return this.#symbols.mf_now_ns();
  }

  /** It comes so far behind this process where the processors are short. */
  beNice(niceness: number): void {
    const what = "share the processors out";
    check(this.#symbols.mf_cell_be_nice(this.#alive(what), niceness), what);
  }

  /** The file is opened for the cell: a regular one to be read, or a new one to be written. */
  send(request: Bytes, file: string | null, isNewFile = false): void {
    const what = file === null ? "ask the cell" : `pass ${file} to the cell`;
    const path = file === null ? null : cString(file, what);
    const flags = isNewFile ? CellFile.CREATE : CellFile.READ;
    const rc = this.#symbols.mf_cell_send(this.#alive(what), request, BigInt(request.length), path, flags);
    check(rc, what, TROUBLES.get(-rc));
  }

  submit(slot: number): void {
    check(this.#symbols.mf_cell_submit(this.#alive("submit the step"), slot), "submit the step");
  }

  wake(): void {
    check(this.#symbols.mf_cell_wake(this.#alive("wake the cell")), "wake the cell");
  }

  /** Guests run in the cell alone. */
  runInline(): boolean {
    return false;
  }

  cancel(slot: number): boolean {
    return check(this.#symbols.mf_cell_cancel(this.#alive("cancel the step"), slot), "cancel the step") === 1;
  }

  /** Throws when what the cell says is complete cannot be: it is killed for that. */
  collect(): void {
    const what = "believe the cell";
    const rc = this.#symbols.mf_cell_collect(this.#alive(what));
    check(rc, what, rc === -constants.errno.EBADMSG ? "what it says is complete makes no sense" : "it is gone");
  }

  park(head: number, batch: number): boolean {
    return this.#symbols.mf_cell_park(this.#alive("wait for the cell"), head, batch) === 1;
  }

  count(): void {
    this.#symbols.mf_cell_count(this.#alive("count the cell's steps"));
  }

  /** Kills it, waits until it is gone, and says how it ended. `told` stays the caller's to close. */
  async end(): Promise<string> {
    const cell = this.#alive("end the cell");
    this.#cell = null;
    return endOf(await this.#symbols.mf_cell_end(cell));
  }

  #alive(what: string): Deno.PointerObject {
    if (this.#cell) return this.#cell;
    throw new NativeError(what, "EPIPE", "it has ended");
  }
}

function ringOf(symbols: Symbols, pointer: Deno.PointerObject): ArrayBuffer {
  const slotsOffset = new Deno.UnsafePointerView(pointer).getUint32(RING.slotsOffset);
  const bytes = slotsOffset + LAYOUT.cellSlots * LAYOUT.slotBytes;
  const memory = Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
  rings.register(memory, () => check(symbols.mf_cell_forget(pointer), "unmap a cell's ring"));
  return memory;
}

/** A wait status, in words. */
function endOf(status: number): string {
  const signal = status & 0x7f;
  if (signal === 0) return `it ended with code ${status >> 8 & 0xff}`;
  if (signal === constants.signals.SIGSYS) return "it was killed for a system call that its jail forbids";
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
  return `it was killed by ${name ?? `signal ${signal}`}`;
}
