import { wasiProgram } from "../harness/c_program.ts";
import { testConformance } from "./suite.ts";

testConformance({
  runtime: "WASI",
  program: await wasiProgram("../runtimes/wasi/conformance/guest.c"),
  file: "guest.wasm",
  settings: { timeoutMs: 1500, memoryMb: 32 },
  uncaught: "crash",
});
