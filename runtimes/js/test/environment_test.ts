import assert from "node:assert/strict";
import { LACKED } from "../../../src/registry/wasm_lacks.ts";
import { testExpressions, throws } from "./expressions.ts";
import { deploy, evaluate } from "./host.ts";

/** They are there to say why they cannot be, or have nobody to share with. */
const USELESS = ["Deno.readFileSync", "Deno.readTextFileSync", "SharedArrayBuffer"];

const ENV = { KEY: "value", EMPTY: "" };

Deno.test("Deno.env and process.env show the function's own environment alone", async () => {
  const seen = await evaluate(
    `return [Deno.env.get("KEY"), Deno.env.get("NONE"), Deno.env.has("EMPTY"), Deno.env.get("toString"), Deno.env.toObject(),
      process.env.KEY, process.env.NONE, "KEY" in process.env, Object.keys(process.env), { ...process.env }]`,
    { env: ENV },
  );
  assert.deepEqual(seen, ["value", null, true, null, ENV, "value", null, true, ["KEY", "EMPTY"], ENV]);
});

Deno.test("what a sandbox changes of its environment is gone with it", async () => {
  const func = await deploy(
    `export default () => {
      const before = [Deno.env.get("KEY"), process.env.NEW];
      Deno.env.set("KEY", 1);
      process.env.NEW = true;
      Deno.env.delete("EMPTY");
      return Response.json([before, { ...process.env }, Deno.env.toObject()]);
    };`,
    { env: ENV },
  );
  const changed = { KEY: "1", NEW: "true" };
  for (let n = 0; n < 2; n++) assert.deepEqual(JSON.parse(func.call().text), [["value", null], changed, changed]);
});

testExpressions([
  ["a variable's name has no =", `Deno.env.set("a=b", "c")`, throws("TypeError")],
  ["Deno.version names a version", `typeof Deno.version.deno`, "string"],
  ["Deno.build says where it runs", `Deno.build.os`, "linux"],
  ["Deno.args are none", `Deno.args`, []],
  [
    "Deno.errors are errors of their name",
    `
    const error = new Deno.errors.NotFound("x");
    return [error instanceof Error, error.name, error.message, Deno.errors.NotFound.name]`,
    [
      true,
      "NotFound",
      "x",
      "NotFound",
    ],
  ],
  ["Deno.inspect prints", `Deno.inspect({ a: [1] })`, "{ a: [ 1 ] }"],
  ["Deno.exit says that there is none", `Deno.exit(1)`, throws("NotSupported")],
  ["process.exit says that there is none", `process.exit(1)`, throws("Error")],
  ["what waits without returning says that it cannot", `Deno.readTextFileSync("a")`, throws("NotSupported")],
  ["a file of another folder cannot be read", `await Deno.readTextFile("../other/a")`, throws("NotCapable")],
  ["a file of the machine cannot be read", `await Deno.readFile("/etc/hostname")`, throws("NotCapable")],
  ["nor by a URL", `await Deno.readFile(new URL("file:///etc/hostname"))`, throws("NotCapable")],
  ["process.nextTick runs soon", `await new Promise((resolve) => process.nextTick(resolve, 7))`, 7],
  ["process.hrtime counts on", `const a = process.hrtime.bigint(); return process.hrtime.bigint() >= a`, true],
  ["process.getBuiltinModule gives Node's modules", `process.getBuiltinModule("node:path").join("a", "..", "b")`, "b"],
  [
    "os knows of as many processors as may be used",
    `
    const os = process.getBuiltinModule("os");
    return os.cpus().length === os.availableParallelism()`,
    true,
  ],
  ["process.getBuiltinModule gives nothing of the others", `process.getBuiltinModule("net") === undefined`, true],
  [
    "setImmediate runs soon, unless it is cleared",
    `
    let ran = "";
    clearImmediate(setImmediate(() => ran += "cleared"));
    await new Promise((resolve) => setImmediate((text) => resolve(ran += text), "ran"));
    return ran`,
    "ran",
  ],
  ["global is the global object", `global === globalThis`, true],
  ["Buffer is Node's", `Buffer === process.getBuiltinModule("buffer").Buffer`, true],
]);

const SERVERS: [how: string, call: string][] = [
  ["a handler", `Deno.serve(handler)`],
  ["options and a handler", `Deno.serve({ port: 80, onListen }, handler)`],
  ["options with a handler", `Deno.serve({ handler, onListen })`],
];

for (const [how, call] of SERVERS) {
  Deno.test(`Deno.serve takes ${how}`, async () => {
    const func = await deploy(`
      let listening = [];
      const onListen = (address) => listening.push(address.hostname);
      const handler = async (request, info) => {
        const settled = await Promise.race([server.finished, "open"]);
        return Response.json([info.remoteAddr.hostname, server.addr.transport, settled, listening]);
      };
      const server = ${call};`);
    assert.equal(func.kind, "serve");
    const listening = how === "a handler" ? [] : ["0.0.0.0"];
    assert.deepEqual(JSON.parse(func.call().text), ["0.0.0.0", "tcp", "open", listening]);
  });
}

Deno.test("what a Deno.serve handler throws is onError's", async () => {
  const func = await deploy(`
    const onError = (error) => new Response("caught " + error.message, { status: 500 });
    Deno.serve({ onError }, () => { throw new Error("it") });`);
  assert.equal(func.call().text, "caught it");
});

Deno.test("what deploys are refused for is not there", async () => {
  const names = [...LACKED.keys()].filter((name) => !USELESS.includes(name));
  const there = await evaluate(`return ${JSON.stringify(names)}.filter((name) =>
    name.split(".").reduce((object, key) => object?.[key], globalThis) !== undefined)`);
  assert.deepEqual(there, []);
});
