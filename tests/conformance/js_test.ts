import { conformance } from "./suite.ts";

conformance({
  runtime: "JavaScript",
  source: new URL("../../runtimes/js/conformance/guest.ts", import.meta.url),
  file: "guest.ts",
});
