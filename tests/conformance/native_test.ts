import { conformanceGuest } from "../harness/native_program.ts";
import { WITHOUT_KVM } from "../harness/vm.ts";
import { testConformance } from "./suite.ts";

testConformance({
  runtime: "a program",
  program: await conformanceGuest("guest", ["-static"]),
  file: "guest",
  settings: { timeoutMs: 1500, memoryMb: 32 },
  uncaught: "crash",
  ignore: WITHOUT_KVM,
});
