import { CELL_REQUEST, CELL_TOLD, LAYOUT, RING, SLOT, Telling } from "../../ffi/layout.ts";
import type { CellProcess } from "../../src/tiers/vm/cell_process.ts";

const SLOTS = 8;
const QUEUE_AT = 1024;
const SLOTS_AT = 4096;

export interface FakeRequest {
  readonly operation: number;
  readonly id: number;
  readonly object: number;
  readonly parent: number;
  readonly views: readonly number[];
  readonly count: number;
  readonly user: number;
  readonly file: string | null;
}

export type Answer = (request: FakeRequest, cell: FakeCell) => number | null;

/** A cell's process that is the test's: it answers what the test says, and completes steps when the test says so. */
export class FakeCell implements CellProcess {
  readonly pid = 1;
  readonly memory = new ArrayBuffer(SLOTS_AT + SLOTS * LAYOUT.slotBytes);
  readonly told: Deno.UnixConn;
  readonly requests: FakeRequest[] = [];
  /** Steps that were submitted and are not complete. */
  readonly steps: number[] = [];
  /** It takes none of them. It tells nobody when it does. */
  isBusy = false;
  hasEnded = false;
  /** So many completions the server wants to be woken for. */
  waitedFor = 0;
  niceness = 0;
  /** Of a request: the error to answer it with; null: no answer, or one by `tell`. */
  answer: Answer = () => 0;
  /** Thrown when completions are collected. */
  lie: Error | null = null;
  readonly #words = new Uint32Array(this.memory);
  readonly #bytes: Uint8Array[] = [];
  #closed = false;
  #waiting: (() => void) | null = null;

  constructor() {
    this.#words[RING.slots >> 2] = SLOTS;
    this.#words[RING.slotsOffset >> 2] = SLOTS_AT;
    this.#words[RING.queueOffset >> 2] = QUEUE_AT;
    this.#words[RING.queueMask >> 2] = SLOTS - 1;
    const told = {
      read: async (into: Uint8Array): Promise<number | null> => {
        while (this.#bytes.length === 0 && !this.#closed) await new Promise<void>((wake) => this.#waiting = wake);
        const bytes = this.#bytes.shift();
        if (!bytes) return null;
        into.set(bytes.subarray(0, into.length));
        if (bytes.length > into.length) this.#bytes.unshift(bytes.subarray(into.length));
        return Math.min(bytes.length, into.length);
      },
      close: () => this.#close(),
    };
    this.told = told as unknown as Deno.UnixConn;
  }

  /** It dies by itself. */
  die(): void {
    this.#close();
  }

  tell(bytes: Uint8Array): void {
    this.#bytes.push(bytes);
    this.#waiting?.();
  }

  reply(id: number, error = 0, text = ""): void {
    this.tell(telling({ telling: Telling.REPLY, id, error, text }));
  }

  /** The snapshots of the steps that were submitted and are not complete. */
  get running(): number[] {
    return this.#ofSteps(SLOT.snapshot);
  }

  /** The sandboxes that they are steps of. */
  get sandboxes(): number[] {
    return this.#ofSteps(SLOT.sandbox);
  }

  #ofSteps(field: number): number[] {
    return this.steps.map((slot) => this.#words[(SLOTS_AT + slot * LAYOUT.slotBytes + field) >> 2]);
  }

  /** Ends the step that was submitted first. */
  complete(result: number, fields: Partial<Record<keyof typeof SLOT, number>> = {}): void {
    this.completeQuietly(result, fields);
    this.tell(new Uint8Array([Telling.WAKE]));
  }

  /** The same, and wakes nobody. */
  completeQuietly(result: number, fields: Partial<Record<keyof typeof SLOT, number>> = {}): void {
    const slot = this.steps.shift()!;
    const at = (SLOTS_AT + slot * LAYOUT.slotBytes) >> 2;
    const written = { outLength: 0, wakeMs: LAYOUT.noWake, ...fields, result };
    for (const [field, value] of Object.entries(written)) {
      this.#words[at + (SLOT[field as keyof typeof SLOT] >> 2)] = value;
    }
    const tail = this.#words[RING.queueTail >> 2];
    this.#words[(QUEUE_AT >> 2) + (tail & (SLOTS - 1))] = slot;
    this.#words[RING.queueTail >> 2] = tail + 1;
  }

  nowNs = () => BigInt(Math.round(performance.now() * 1e6));

  send(bytes: Uint8Array<ArrayBuffer>, file: string | null): void {
    const fields = new DataView(bytes.buffer);
    const word = (at: number) => fields.getUint32(at, true);
    const views = Array.from({ length: word(CELL_REQUEST.viewCount) }, (_, at) => word(CELL_REQUEST.views + 4 * at));
    const request: FakeRequest = {
      operation: word(CELL_REQUEST.operation),
      id: word(CELL_REQUEST.id),
      object: word(CELL_REQUEST.object),
      parent: word(CELL_REQUEST.parent),
      count: word(CELL_REQUEST.count),
      user: word(CELL_REQUEST.user),
      views,
      file,
    };
    this.requests.push(request);
    const error = this.answer(request, this);
    if (error !== null) this.reply(request.id, error, error === 0 ? "" : "it cannot");
  }

  beNice(niceness: number): void {
    this.niceness = niceness;
  }

  submit(slot: number): void {
    this.steps.push(slot);
    this.count();
  }

  count(): void {
    this.#words[RING.stepsWaiting >> 2] = this.isBusy ? this.steps.length : 0;
  }

  wake(): void {}
  runInline = () => false;
  cancel = () => true;
  park = (_head: number, batch: number) => {
    this.waitedFor = batch;
    return false;
  };

  collect(): void {
    if (this.lie) throw this.lie;
  }

  end(): Promise<string> {
    this.hasEnded = true;
    this.#close();
    return Promise.resolve("it was killed by the test");
  }

  #close(): void {
    this.#closed = true;
    this.#waiting?.();
  }
}

/** As a cell writes it. */
export function telling(
  fields: Partial<Record<Exclude<keyof typeof CELL_TOLD, "textBytes">, number>> & { text?: string; textBytes?: number },
): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(fields.text ?? "");
  const bytes = new Uint8Array(LAYOUT.cellToldBytes + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(CELL_TOLD.telling, fields.telling ?? 0);
  view.setUint8(CELL_TOLD.level, fields.level ?? 0);
  for (const field of ["id", "error", "sandbox", "generation", "tcpPort"] as const) {
    view.setUint32(CELL_TOLD[field], fields[field] ?? 0, true);
  }
  view.setUint32(CELL_TOLD.textBytes, fields.textBytes ?? text.length, true);
  bytes.set(text, LAYOUT.cellToldBytes);
  return bytes;
}
