import { testConformance } from "./suite.ts";

testConformance({
  runtime: "JavaScript",
  program: await Deno.readFile(new URL("../../runtimes/js/conformance/guest.ts", import.meta.url)),
  file: "guest.ts",
  uncaught: "exception",
});
