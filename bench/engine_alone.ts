import { ExitCode, FrameType, HeadFlag, LAYOUT, RING, SLOT, Start, StepFlag, StepResult } from "../ffi/layout.ts";
import { Native } from "../ffi/native.ts";
import { NativeWasi } from "../ffi/native_wasi.ts";
import { openShim } from "../ffi/symbols.ts";
import { startSetup } from "../src/setup/setup.ts";
import { FrameReader, FrameWriter } from "../src/tiers/wire.ts";

const MiB = 1024 * 1024;
/** Longer than any run here: only deadlines kill. */
const INLINE_US = 10_000_000;
const FAR_NS = 10_000_000_000;

export interface BenchRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: string;
  readonly body: string | null;
  /** What the head tells beside the request; see src/tiers/context.ts. */
  readonly context?: string;
}

export interface FunctionImage {
  readonly snapshot: number;
  readonly bytes: number;
}

/** The native engine on this thread, without a server: one slot, run inline. */
export class EngineAlone implements AsyncDisposable {
  readonly #wasi: NativeWasi;
  readonly #native: Native;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #wide: BigUint64Array<ArrayBuffer>;
  readonly #writer: FrameWriter;
  readonly #reader: FrameReader;
  readonly #slot: number;

  private constructor(wasi: NativeWasi, native: Native, memory: ArrayBuffer) {
    this.#wasi = wasi;
    this.#native = native;
    this.#words = new Uint32Array(memory);
    this.#wide = new BigUint64Array(memory);
    this.#writer = new FrameWriter(memory);
    this.#reader = new FrameReader(memory);
    this.#slot = this.#words[RING.slotsOffset >> 2];
  }

  static async open(): Promise<EngineAlone> {
    const setup = startSetup({ progress: () => {} });
    const [{ library }, image] = await Promise.all([setup.shim, setup.engine]);
    const shim = openShim(library);
    const native = new Native(shim);
    const memory = native.open(
      { slots: 1, workers: 1, longWorkers: 1, instances: 1, warmInstances: 1, inlineUs: INLINE_US, longUs: 1000 },
      image.native,
      image.base,
    );
    return new EngineAlone(new NativeWasi(shim), native, memory);
  }

  async deploy(bundle: string): Promise<FunctionImage> {
    const context = {
      ...{ function: { name: "bench", tenant: "home", version: "1" }, mount: "/bench", env: {}, file: "bench.ts" },
      ...{ memoryBytes: 64 * MiB, timers: 10, logBytes: 1024 },
    };
    const writer = this.#begin();
    writer.head(HeadFlag.DEPLOY | HeadFlag.HAS_BODY, "POST", "file:///bench.ts", "", "", JSON.stringify(context));
    this.#body(bundle);
    this.#prepare(LAYOUT.snapshotBase, StepFlag.HOLD);
    this.#run(StepResult.DONE);
    this.#expectExit();
    const image = await this.#native.freeze(this.#get(SLOT.outSandbox), this.#get(SLOT.outGeneration));
    const snapshot = this.#native.snapshotLoad(image);
    this.#discard();
    return { snapshot, bytes: image.length };
  }

  async deployWasi(module: Uint8Array<ArrayBuffer>): Promise<FunctionImage> {
    const code = await this.#wasi.compile(module, 64 * MiB);
    const snapshot = this.#wasi.load(code, { memoryBytes: 64 * MiB, logBytes: 1024, strings: ["bench"], files: null });
    return { snapshot, bytes: code.length };
  }

  /** Puts a request into the slot, where it stays: `again` runs it as often as wanted. */
  request({ method, url, headers, body, context = "" }: BenchRequest): void {
    const writer = this.#begin();
    if (!writer.head(body === null ? 0 : HeadFlag.HAS_BODY, method, url, headers, "bench", context)) {
      throw new Error("Cannot measure a request whose head does not fit");
    }
    if (body !== null) this.#body(body);
  }

  /** The request, whole, in a sandbox of its own. */
  again({ snapshot }: FunctionImage): void {
    this.#prepare(snapshot, 0);
    this.#run(StepResult.DONE);
  }

  /** The same, and what it answered. */
  answer(image: FunctionImage): string {
    this.again(image);
    return this.#expectExit();
  }

  /** How late a request that does not end by itself is over, in nanoseconds. */
  killed({ snapshot }: FunctionImage, afterNs: number): number {
    this.#prepare(snapshot, 0);
    const deadline = Number(this.#native.nowNs()) + afterNs;
    this.#setWide(SLOT.deadlineNs, deadline);
    this.#run(StepResult.DEADLINE);
    return Number(this.#native.nowNs()) - deadline;
  }

  /** Whether the last sandbox had to be brought from another function's image to its own. */
  get wasSwitched(): boolean {
    return this.#get(SLOT.start) === Start.CLONE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#native.close();
  }

  #begin(): FrameWriter {
    this.#writer.begin(this.#slot + LAYOUT.slotIn, LAYOUT.guestInBytes);
    return this.#writer;
  }

  #body(text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > LAYOUT.initialCredit) throw new Error("Cannot measure a body that needs more than one step");
    this.#writer.chunk(bytes);
    this.#writer.end();
  }

  #prepare(snapshot: number, flags: number): void {
    this.#set(SLOT.snapshot, snapshot);
    this.#set(SLOT.sandbox, LAYOUT.newSandbox);
    this.#set(SLOT.flags, flags);
    this.#set(SLOT.inLength, this.#writer.length);
    this.#setWide(SLOT.deadlineNs, Number(this.#native.nowNs()) + FAR_NS);
    this.#setWide(SLOT.cpuLeftNs, FAR_NS);
  }

  #run(expected: number): void {
    if (!this.#native.runInline(0)) throw new Error("Cannot run on this thread: its stack is too small");
    const result = this.#get(SLOT.result);
    if (result !== expected) throw new Error(`Cannot measure: a step ended with result ${result}, not ${expected}`);
  }

  #discard(): void {
    this.#set(SLOT.sandbox, this.#get(SLOT.outSandbox));
    this.#set(SLOT.generation, this.#get(SLOT.outGeneration));
    this.#set(SLOT.flags, StepFlag.DISCARD);
    this.#run(StepResult.DONE);
  }

  /** The body, if the request ended well. */
  #expectExit(): string {
    let text = "";
    this.#reader.begin(this.#slot + LAYOUT.slotOut, this.#get(SLOT.outLength));
    while (this.#reader.next()) {
      const { type, aux } = this.#reader;
      if (type === FrameType.CHUNK) text += this.#reader.text();
      if (type === FrameType.EXIT && aux !== ExitCode.OK) throw new Error(`Cannot measure: ${this.#reader.text()}`);
    }
    return text;
  }

  #get(field: number): number {
    return this.#words[(this.#slot + field) >> 2];
  }
  #set(field: number, value: number): void {
    this.#words[(this.#slot + field) >> 2] = value;
  }
  #setWide(field: number, value: number): void {
    this.#wide[(this.#slot + field) >> 3] = BigInt(Math.round(value));
  }
}
