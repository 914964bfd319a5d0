import { WITHOUT_KVM } from "../harness/vm.ts";
import { testConformance } from "./suite.ts";

const guest = await Deno.readTextFile(new URL("../../runtimes/js/conformance/guest.ts", import.meta.url));

/** The guest's own are those of the Wasm tier: V8 takes longer to use up its memory, above all on a busy machine. */
const program = new TextEncoder().encode(guest.replace(/^export const config.*$/m, ""));
const TIMEOUT_MS = 5000;

testConformance({
  runtime: "JavaScript in a microVM",
  program,
  file: "guest.ts",
  settings: { tier: "vm", timeoutMs: TIMEOUT_MS, memoryMb: 128 },
  uncaught: "exception",
  ignore: WITHOUT_KVM,
});
