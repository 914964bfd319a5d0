/** Modules of Node's that a function can import; modules.ts says what each of them is. */
export const NODE_MODULES = [
  ...["assert", "assert/strict", "async_hooks", "buffer", "console", "constants", "crypto", "diagnostics_channel"],
  ...["events", "fs", "fs/promises", "module", "os", "path", "path/posix", "perf_hooks", "process", "punycode"],
  ...["querystring", "stream", "stream/consumers", "stream/promises", "stream/web", "string_decoder", "sys"],
  ...["timers", "timers/promises", "tty", "url", "util", "util/types"],
] as const;

export type NodeModule = typeof NODE_MODULES[number];
