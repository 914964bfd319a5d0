/** What comes from outside. Nothing else is fetched, and nothing runs that does not have these hashes. */
export interface Pin {
  readonly name: string;
  readonly version: string;
  readonly kind: "wheel" | "source";
  /** As the user reads it while it is fetched. */
  readonly megabytes: number;
  /** Of the archive; the package client checks it before it opens the archive. */
  readonly archiveSha256: string;
  /** The part of the unpacked archive that is kept, and its name in the cache. */
  readonly keep: { readonly from: string; readonly to: string };
  /** Of what is kept, the file that runs: unpacking leaves it without its permission to. */
  readonly executable?: string;
  /** Of the manifest of what is kept; checked at every use. */
  readonly manifestSha256: string;
}

export const WASMTIME: Pin = {
  name: "wasmtime",
  version: "50.0.1",
  kind: "wheel",
  megabytes: 10,
  archiveSha256: "cc14c3a17654e0394e0225b11813532ef0cd7bd1e222a0c5494cdedaabeddac4",
  keep: { from: "wasmtime/linux-x86_64/_libwasmtime.so", to: "libwasmtime.so" },
  manifestSha256: "313c515b246e63c192e38725db350c5731e5d5892f3e1a7bfde4d289b409940f",
};

/** A C compiler for wasm32-wasi, and for the host where it has none. 0.17 miscompiles the engine. */
export const ZIG: Pin = {
  name: "ziglang",
  version: "0.15.2",
  kind: "wheel",
  megabytes: 94,
  archiveSha256: "806316453d1ede7174ed3fefb8e5348154629089c3bb5fe812dfd0e172fac130",
  keep: { from: "ziglang", to: "ziglang" },
  executable: "ziglang/zig",
  manifestSha256: "354999b08562524e425e00963771d09794cadc6808673a2685e7144dbfa7028e",
};

export const QUICKJS: Pin = {
  name: "quickjs-ng",
  version: "0.17.0.2",
  kind: "source",
  megabytes: 1,
  archiveSha256: "43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef",
  keep: { from: "quickjs_ng-0.17.0.2/upstream-quickjs", to: "quickjs" },
  manifestSha256: "74775d20dd8c3a7d19f45e52e8c36f37654acbe7e0f4912a36a7a48e5e296b54",
};
