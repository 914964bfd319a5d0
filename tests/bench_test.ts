import assert from "node:assert/strict";
import { REPO } from "./harness/command.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

const SERVER = [
  "engine alone: hello",
  "engine alone: JSON echo",
  "engine alone: hono app and",
  "engine alone: hono app of 20 routes",
  "engine alone: another function",
  "engine alone: killed",
  "hello's own snapshot",
  "hello, of bare",
  "JSON echo",
  "hono app of 20 routes and 3 middlewares, of bare",
  "concurrency 1",
  "endless loop gone",
  "endless loops",
  "full load",
  "deploys",
  "plain TypeScript",
  "hono + zod",
  "start to ready",
  "restart to ready",
  "fetch in a function",
  "fetches waiting at once",
  "called at random",
  "requests: RSS",
  "engine alone: CGI hello, small memory",
  "CGI hello, of bare Deno.serve",
  "crypto.subtle.digest of 1 KB",
  "host call (HMAC of 1 KB)",
];
const MICROVMS = [
  "VM: Python JSON echo, reset for every request",
  "VM: Deno JSON echo, reset for every request",
  "VM: new clone to response, pooled shell",
  "VM: snapshot file to first response",
];
const TENANTS = [
  "Python JSON echo in a VM, concurrency 1",
  "Python functions called at random",
  "TypeScript JSON echo in a VM, of a bare Deno.serve",
  "React page in a VM",
  "Flask, a VM for each request",
  "first request of an idle function",
  "functions, idle: server and cells",
  "at once on an idle function that sleeps 50 ms",
  "a tenant's drop to first 200, Python",
  "another tenant's p99 added",
  "requests to VMs: RSS",
];
const SERVER_BENCHES = "engine http limits event-loop deploy start wasi fetch crypto scale soak".split(" ");
testBenches("of the server", SERVER_BENCHES, SERVER, false);
testBenches("of microVMs", ["microvm"], MICROVMS, WITHOUT_KVM);
testBenches("of tenants", ["tenants"], TENANTS, WITHOUT_KVM);

function testBenches(which: string, names: readonly string[], figures: readonly string[], ignore: boolean): void {
  Deno.test(`every bench ${which} runs, and fills its lines of the table`, { ignore }, async () => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", `${REPO}/bench/run.ts`, "--tiny", ...names],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.equal(code, 0, text + new TextDecoder().decode(stderr));
    for (const figure of figures) assert.match(text, new RegExp(`^\\| .*${figure.replaceAll(/[+()]/g, "\\$&")}`, "m"));
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
  });
}
