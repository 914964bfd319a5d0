import { LAYOUT } from "./layout.ts";
import { NativeError } from "./native_values.ts";

/** What ffi/shim/mayfly.h declares, each parameter with its C text. */
const DECLARED = {
  mf_abi: { parameters: [], result: "u32" },
  mf_now_ns: { parameters: [], result: "u64" },
  mf_layout: { parameters: [], result: "pointer" },
  mf_wasmtime_version: {
    parameters: [
      "buffer", // char *text
      "usize", // size_t capacity
    ],
    result: "i32",
  },
  mf_compile: {
    parameters: [
      "buffer", // const uint8_t *wasm
      "usize", // size_t length
      "buffer", // uint8_t **out
      "buffer", // size_t *out_length
      "buffer", // char *message
      "usize", // size_t capacity
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_make_base: {
    parameters: [
      "buffer", // const uint8_t *native
      "usize", // size_t length
      "buffer", // const uint8_t *library
      "usize", // size_t library_length
      "buffer", // uint8_t **out
      "buffer", // size_t *out_length
      "buffer", // char *message
      "usize", // size_t capacity
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_buffer_free: {
    parameters: [
      "pointer", // uint8_t *buffer
    ],
    result: "void",
  },
  mf_open: {
    parameters: [
      "buffer", // const struct mf_options *options
      "buffer", // const uint8_t *native
      "usize", // size_t native_length
      "buffer", // const uint8_t *base
      "usize", // size_t base_length
      "buffer", // struct mf_ring **ring
      "buffer", // char *message
      "usize", // size_t capacity
    ],
    result: "i32",
  },
  mf_resize: {
    parameters: [
      "u32", // uint32_t instances
      "u32", // uint32_t warm_instances
    ],
    result: "i32",
  },
  mf_stats_read: {
    parameters: [
      "buffer", // struct mf_stats *stats
    ],
    result: "i32",
  },
  mf_close: { parameters: [], result: "i32", nonblocking: true },
  mf_wake_listen: {
    parameters: [
      "buffer", // const char *path
    ],
    result: "i32",
  },
  mf_wake_accept: { parameters: [], result: "i32" },
  mf_park: {
    parameters: [
      "u32", // uint32_t head
    ],
    result: "i32",
  },
  mf_snapshot_load: {
    parameters: [
      "buffer", // const uint8_t *image
      "usize", // size_t length
    ],
    result: "i64",
  },
  mf_snapshot_drop: {
    parameters: [
      "u32", // uint32_t snapshot
    ],
    result: "i32",
  },
  mf_freeze: {
    parameters: [
      "u32", // uint32_t sandbox
      "u32", // uint32_t generation
      "buffer", // uint8_t **out
      "buffer", // size_t *out_length
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_submit: {
    parameters: [
      "u32", // uint32_t slot
    ],
    result: "i32",
  },
  mf_wake: { parameters: [], result: "i32" },
  mf_run_inline: {
    parameters: [
      "u32", // uint32_t slot
    ],
    result: "i32",
  },
  mf_cancel: {
    parameters: [
      "u32", // uint32_t slot
    ],
    result: "i32",
  },
  mf_root_open: {
    parameters: [
      "buffer", // const char *path
    ],
    result: "i32",
  },
  mf_root_close: {
    parameters: [
      "i32", // int root
    ],
    result: "i32",
  },
  mf_mirror_file: {
    parameters: [
      "i32", // int root
      "buffer", // const char *path
      "buffer", // const char *to
      "u64", // uint64_t limit
      "buffer", // uint64_t info[4]
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_bound_receive: {
    parameters: [
      "u16", // uint16_t port
      "u32", // uint32_t bytes
    ],
    result: "i32",
  },
  mf_family_memory: {
    parameters: [
      "i32", // int32_t pid
    ],
    result: "i64",
  },
  mf_own_memory: {
    parameters: [
      "i32", // int32_t pid
    ],
    result: "i64",
  },
  mf_wasi_compile: {
    parameters: [
      "buffer", // const uint8_t *wasm
      "usize", // size_t length
      "u64", // uint64_t memory_bytes
      "buffer", // uint8_t **out
      "buffer", // size_t *out_length
      "buffer", // char *message
      "usize", // size_t capacity
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_wasi_load: {
    parameters: [
      "buffer", // const uint8_t *native
      "usize", // size_t length
      "buffer", // const struct mf_wasi_options *options
      "buffer", // const char *strings
      "buffer", // const char *files
      "buffer", // char *message
      "usize", // size_t capacity
    ],
    result: "i64",
  },
  mf_cell_new: {
    parameters: [
      "buffer", // const char *wake_path
      "buffer", // struct mf_cell **cell
      "buffer", // struct mf_ring **ring
    ],
    result: "i32",
  },
  // The cell ends with the thread that started it: not one of those that come and go.
  mf_cell_start: {
    parameters: [
      "pointer", // struct mf_cell *cell
      "buffer", // const char *program
      "buffer", // const char *kvm
      "buffer", // char *message
      "usize", // size_t capacity
    ],
    result: "i32",
  },
  mf_cell_process: {
    parameters: [
      "pointer", // const struct mf_cell *cell
    ],
    result: "i32",
  },
  mf_cell_be_nice: {
    parameters: [
      "pointer", // const struct mf_cell *cell
      "i32", // int niceness
    ],
    result: "i32",
  },
  mf_cell_send: {
    parameters: [
      "pointer", // struct mf_cell *cell
      "buffer", // const uint8_t *request
      "usize", // size_t length
      "buffer", // const char *file
      "u32", // uint32_t flags
    ],
    result: "i32",
  },
  mf_cell_submit: {
    parameters: [
      "pointer", // struct mf_cell *cell
      "u32", // uint32_t slot
    ],
    result: "i32",
  },
  mf_cell_wake: {
    parameters: [
      "pointer", // struct mf_cell *cell
    ],
    result: "i32",
  },
  mf_cell_cancel: {
    parameters: [
      "pointer", // struct mf_cell *cell
      "u32", // uint32_t slot
    ],
    result: "i32",
  },
  mf_cell_collect: {
    parameters: [
      "pointer", // struct mf_cell *cell
    ],
    result: "i32",
  },
  mf_cell_park: {
    parameters: [
      "pointer", // struct mf_cell *cell
      "u32", // uint32_t head
      "u32", // uint32_t batch
    ],
    result: "i32",
  },
  mf_cell_count: {
    parameters: [
      "pointer", // struct mf_cell *cell
    ],
    result: "void",
  },
  mf_cell_end: {
    parameters: [
      "pointer", // struct mf_cell *cell
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_cell_forget: {
    parameters: [
      "pointer", // struct mf_ring *ring
    ],
    result: "i32",
  },
  mf_image_pack: {
    parameters: [
      "buffer", // const char *to
      "buffer", // const char *sources
      "buffer", // char *message
      "usize", // size_t capacity
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_groups_own: {
    parameters: [
      "buffer", // uint8_t *bytes
      "usize", // size_t capacity
    ],
    result: "i64",
  },
  mf_groups_mounts: {
    parameters: [
      "buffer", // uint8_t *bytes
      "usize", // size_t capacity
    ],
    result: "i64",
  },
  mf_group_read: {
    parameters: [
      "buffer", // const char *folder
      "buffer", // const char *name
      "buffer", // uint8_t *bytes
      "usize", // size_t capacity
    ],
    result: "i64",
  },
  mf_group_list: {
    parameters: [
      "buffer", // const char *folder
      "buffer", // uint8_t *bytes
      "usize", // size_t capacity
    ],
    result: "i64",
  },
  mf_group_write: {
    parameters: [
      "buffer", // const char *folder
      "buffer", // const char *name
      "buffer", // const char *text
    ],
    result: "i32",
    nonblocking: true,
  },
  mf_group_make: {
    parameters: [
      "buffer", // const char *folder
      "buffer", // const char *name
    ],
    result: "i32",
  },
  mf_group_remove: {
    parameters: [
      "buffer", // const char *folder
      "buffer", // const char *name
    ],
    result: "i32",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The shim's functions, for Native, NativeWasi and NativeCell. */
export type Symbols = Deno.DynamicLibrary<typeof DECLARED>["symbols"];

/**
 * Loads the shim's library, beside which `libwasmtime.so` is expected. It stays loaded until the process ends, because
 * its threads may outlive any close.
 */
export function openShim(library: string): Symbols {
  const { symbols } = Deno.dlopen(library, DECLARED);
  const abi = symbols.mf_abi();
  if (abi === LAYOUT.shimAbi) return symbols;
  throw new NativeError("use the shim", "ENOSYS", `it speaks ABI ${abi}, this is ABI ${LAYOUT.shimAbi}`);
}
