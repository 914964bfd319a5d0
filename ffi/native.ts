import { constants } from "node:os";
import { LAYOUT, OPTIONS, RING, STATS } from "./layout.ts";
import { type Bytes, check, cString, Message, NativeError, OutBuffer } from "./native_values.ts";
import type { Symbols } from "./symbols.ts";

export { NativeError };

export type EngineOptions = { [Field in Exclude<keyof typeof OPTIONS, "abi" | "verify">]: number } & {
  /** Compare the whole memory with the snapshot after each reset: for tests. */
  verify?: boolean;
};

export type EngineStats = { [Field in keyof typeof STATS]: number };

export interface MirroredFile {
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly inode: bigint;
  readonly mode: number;
}

/** The shim: all of it that is not for WASI modules alone. */
export class Native {
  readonly #symbols: Symbols;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  /** CLOCK_MONOTONIC in nanoseconds, of which the deadlines in slots are. */
  nowNs(): bigint {
    return this.#symbols.mf_now_ns();
  }

  /** `GROUP.name=value` lines of everything in layout.ts, from the C compiler. */
  layout(): string {
    return Deno.UnsafePointerView.getCString(this.#symbols.mf_layout()!);
  }

  /** Throws if the wasmtime library is not the one the shim was written for. */
  wasmtimeVersion(): string {
    const text = new Message();
    check(this.#symbols.mf_wasmtime_version(text.bytes, text.capacity), "use wasmtime", `its version is ${text}`);
    return text.toString();
  }

  /** Compiles the engine's module to native code. */
  async compile(wasm: Bytes): Promise<Bytes> {
    const [out, message] = [new OutBuffer(), new Message()];
    const rc = await this.#symbols.mf_compile(
      wasm,
      BigInt(wasm.length),
      out.pointer,
      out.length,
      message.bytes,
      message.capacity,
    );
    check(rc, "compile the engine", message.toString());
    return this.#take(out);
  }

  /** Boots the engine with the JavaScript library and returns the base image: same inputs, same bytes. */
  async makeBase(native: Bytes, library: Bytes): Promise<Bytes> {
    const [out, message] = [new OutBuffer(), new Message()];
    const rc = await this.#symbols.mf_make_base(
      native,
      BigInt(native.length),
      library,
      BigInt(library.length),
      out.pointer,
      out.length,
      message.bytes,
      message.capacity,
    );
    check(rc, "make the base image", message.toString());
    return this.#take(out);
  }

  /** Starts the engine. The returned region is `struct mf_ring` with its slots and its queue; it lives until close. */
  open(options: EngineOptions, native: Bytes, base: Bytes): ArrayBuffer {
    const fields = new DataView(new ArrayBuffer(LAYOUT.optionsBytes));
    for (const [field, value] of Object.entries({ ...options, abi: LAYOUT.shimAbi })) {
      fields.setUint32(OPTIONS[field as keyof typeof OPTIONS], Number(value), true);
    }
    const [ring, message] = [new BigUint64Array(1), new Message()];
    const rc = this.#symbols.mf_open(
      fields.buffer,
      native,
      BigInt(native.length),
      base,
      BigInt(base.length),
      ring,
      message.bytes,
      message.capacity,
    );
    check(rc, "start the engine", message.toString());
    const pointer = Deno.UnsafePointer.create(ring[0])!;
    const slotsOffset = new Deno.UnsafePointerView(pointer).getUint32(RING.slotsOffset);
    return Deno.UnsafePointerView.getArrayBuffer(pointer, slotsOffset + options.slots * LAYOUT.slotBytes);
  }

  /** How many instances there may be, and how many idle ones keep their private pages. */
  resize(instances: number, warmInstances: number): void {
    check(this.#symbols.mf_resize(instances, warmInstances), "resize the pool");
  }

  stats(): EngineStats {
    const bytes = new DataView(new ArrayBuffer(LAYOUT.statsBytes));
    check(this.#symbols.mf_stats_read(bytes.buffer), "read the engine's statistics");
    const read = ([field, offset]: [string, number]) => [field, Number(bytes.getBigUint64(offset, true))];
    return Object.fromEntries(Object.entries(STATS).map(read)) as EngineStats;
  }

  /** Kills what runs, joins the threads, frees everything. The region is all zeros then. */
  async close(): Promise<void> {
    check(await this.#symbols.mf_close(), "stop the engine");
  }

  /** Connects the wake socket: the shim sends a byte on it when something completes while the server is parked. */
  async connectWake(path: string): Promise<Deno.UnixConn> {
    check(this.#symbols.mf_wake_listen(cString(path, "open the wake socket")), "open the wake socket", path);
    const connection = await Deno.connect({ transport: "unix", path });
    check(this.#symbols.mf_wake_accept(), "accept the wake socket");
    return connection;
  }

  /**
   * The server has read the queue up to `head` and is about to wait on the wake socket. True: something arrived
   * meanwhile, read on and do not wait.
   */
  park(head: number): boolean {
    return this.#symbols.mf_park(head) === 1;
  }

  /** Loads a function's image; the shim keeps a copy. Returns the snapshot's id. */
  snapshotLoad(image: Bytes): number {
    return check(Number(this.#symbols.mf_snapshot_load(image, BigInt(image.length))), "load the snapshot");
  }

  snapshotDrop(snapshot: number): void {
    check(this.#symbols.mf_snapshot_drop(snapshot), "drop the snapshot");
  }

  /** The image of a held sandbox, which stays held. */
  async freeze(sandbox: number, generation: number): Promise<Bytes> {
    const out = new OutBuffer();
    check(await this.#symbols.mf_freeze(sandbox, generation, out.pointer, out.length), "freeze the sandbox");
    return this.#take(out);
  }

  /** Queues a slot for the workers, which `wake` wakes. */
  submit(slot: number): void {
    check(this.#symbols.mf_submit(slot), "submit the step");
  }

  /** Wakes as many workers as there are steps for. */
  wake(): void {
    check(this.#symbols.mf_wake(), "wake the workers");
  }

  /** Runs a slot on this thread; it is complete on return. False: this thread's stack is too small for that. */
  runInline(slot: number): boolean {
    const rc = this.#symbols.mf_run_inline(slot);
    if (rc === -constants.errno.ENOTSUP) return false;
    check(rc, "run the step inline");
    return true;
  }

  /** Kills the guest of a slot's step. False: it is complete already. */
  cancel(slot: number): boolean {
    return check(this.#symbols.mf_cancel(slot), "cancel the step") === 1;
  }

  /** Opens a folder for `mirrorFile`. */
  rootOpen(path: string): number {
    const what = `open the folder ${path}`;
    return check(this.#symbols.mf_root_open(cString(path, what)), what);
  }

  rootClose(root: number): void {
    check(this.#symbols.mf_root_close(root), "close the folder");
  }

  /**
   * Copies a regular file with one link, reached without a symlink, of at most `limit` bytes. The NativeError's
   * code says what else it is: ELOOP, EXDEV, EMLINK, EINVAL, EFBIG, ENOENT, or EAGAIN when it changed meanwhile.
   */
  async mirrorFile(root: number, path: string, to: string, limit: number): Promise<MirroredFile> {
    const what = `copy ${path}`;
    const info = new BigUint64Array(4);
    const rc = await this.#symbols.mf_mirror_file(root, cString(path, what), cString(to, what), BigInt(limit), info);
    check(rc, what);
    return { size: Number(info[0]), mtimeNs: info[1], inode: info[2], mode: Number(info[3]) };
  }

  /** Bounds what the kernel holds unread of each connection that is accepted on this port from now on. */
  boundReceive(port: number, bytes: number): void {
    check(this.#symbols.mf_bound_receive(port, bytes), `bound what connections to port ${port} hold`);
  }

  /** Bytes of memory that a process and its children have; 0: there is none. */
  familyMemory(pid: number): number {
    return Math.max(0, Number(this.#symbols.mf_family_memory(pid)));
  }

  /** Bytes of memory that a process has for itself; 0: there is none. */
  ownMemory(pid: number): number {
    return Math.max(0, Number(this.#symbols.mf_own_memory(pid)));
  }

  #take(out: OutBuffer): Bytes {
    return out.take(this.#symbols.mf_buffer_free);
  }
}
