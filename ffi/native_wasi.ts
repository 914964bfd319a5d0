import { LAYOUT, WASI_OPTIONS } from "./layout.ts";
import { type Bytes, check, cString, Message, NativeError, OutBuffer } from "./native_values.ts";
import type { Symbols } from "./symbols.ts";

export { NativeError };

export interface WasiModule {
  /** Of one sandbox. */
  readonly memoryBytes: number;
  /** Of one request. */
  readonly logBytes: number;
  /** The program's name, then its own variables: `NAME=value`. */
  readonly strings: readonly string[];
  /** The path of the function's packed files, if it has any. */
  readonly files: string | null;
}

/** The part of the shim that is for WASI modules; its engine must be open. */
export class NativeWasi {
  readonly #symbols: Symbols;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  /** A module to native code. A NativeError with EINVAL says why it cannot be run. */
  async compile(wasm: Bytes, memoryBytes: number): Promise<Bytes> {
    const [out, message] = [new OutBuffer(), new Message()];
    const rc = await this.#symbols.mf_wasi_compile(
      wasm,
      BigInt(wasm.length),
      BigInt(memoryBytes),
      out.pointer,
      out.length,
      message.bytes,
      message.capacity,
    );
    check(rc, "run it", message.toString());
    return out.take(this.#symbols.mf_buffer_free);
  }

  /** Native code that `compile` made and nobody has changed. Returns the snapshot's id. */
  load(native: Bytes, module: WasiModule): number {
    const strings = new TextEncoder().encode(module.strings.map((text) => `${text}\0`).join(""));
    const options = new DataView(new ArrayBuffer(LAYOUT.wasiOptionsBytes));
    options.setBigUint64(WASI_OPTIONS.memoryBytes, BigInt(module.memoryBytes), true);
    options.setUint32(WASI_OPTIONS.logBytes, module.logBytes, true);
    options.setUint32(WASI_OPTIONS.stringsLength, strings.length, true);
    const message = new Message();
    const id = this.#symbols.mf_wasi_load(
      native,
      BigInt(native.length),
      options.buffer,
      strings,
      cString(module.files ?? "", "load the module"),
      message.bytes,
      message.capacity,
    );
    return check(Number(id), "load the module", message.toString());
  }
}
