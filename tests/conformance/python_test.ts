import { WITHOUT_KVM } from "../harness/vm.ts";
import { testConformance } from "./suite.ts";

testConformance({
  runtime: "Python",
  program: await Deno.readFile(new URL("../../runtimes/python/conformance/guest.py", import.meta.url)),
  file: "guest.py",
  uncaught: "exception",
  ignore: WITHOUT_KVM,
});
