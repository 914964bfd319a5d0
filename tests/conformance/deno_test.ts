import { WITHOUT_KVM } from "../harness/vm.ts";
import { testConformance } from "./suite.ts";

const guest = await Deno.readTextFile(new URL("../../runtimes/js/conformance/guest.ts", import.meta.url));

testConformance({
  runtime: "JavaScript in a microVM",
  // Its memory is that of a sandbox of the Wasm tier.
  program: new TextEncoder().encode(
    guest.replace(/^export const config.*$/m, "export const config = { timeoutMs: 1500 };"),
  ),
  file: "guest.ts",
  settings: { tier: "vm", memoryMb: 160 },
  uncaught: "exception",
  ignore: WITHOUT_KVM,
});
