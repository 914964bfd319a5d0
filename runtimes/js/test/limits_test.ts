import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { ExitCode } from "./frames.ts";
import { deploy, tryDeploy } from "./host.ts";

const MiB = 1024 * 1024;

const BOMBS: [name: string, code: string][] = [
  ["arrays of numbers", "const all = []; for (;;) all.push(new Array(1000).fill(7));"],
  ["flat strings", "const all = []; for (let i = 0;; i++) all.push(('x' + i).repeat(10_000));"],
  ["typed arrays", "const all = []; for (;;) all.push(new Uint8Array(1e6));"],
  ["one large buffer", "new ArrayBuffer(1e9);"],
  ["objects", "let o = null; for (;;) o = { o, a: 1, b: 2 };"],
  ["a map", "const map = new Map(); for (let i = 0;; i++) map.set(i, {});"],
  ["closures", "const all = []; for (;;) all.push(() => all);"],
  ["promises", "const all = []; for (;;) all.push(new Promise(() => {}));"],
];

for (const [name, code] of BOMBS) {
  Deno.test(`a memory bomb of ${name} ends as such`, async () => {
    const { exit } = (await deploy(`export default () => { ${code} };`, { memoryBytes: 32 * MiB })).call();
    assert.equal(exit?.code, ExitCode.MEMORY, exit?.text);
  });
}

Deno.test("a string that is longer than strings can be is an exception", async () => {
  const func = await deploy(`export default () => { let s = "x".repeat(1024); for (;;) s += s; };`);
  assert.equal(func.call().exit?.code, ExitCode.EXCEPTION);
});

Deno.test("a function that catches its out-of-memory error goes on", async () => {
  const func = await deploy(
    `export default () => {
      try { const all = []; for (;;) all.push(new Array(1000).fill(1)); } catch (error) { return new Response(error.message); }
    };`,
    { memoryBytes: 32 * MiB },
  );
  assert.equal(func.call().text, "out of memory");
});

Deno.test("an out-of-memory error in an unhandled rejection ends the request", async () => {
  const func = await deploy(
    `export default () => {
      (async () => { await 0; const all = []; for (;;) all.push(new Uint8Array(100_000)); })();
      return new Promise(() => {});
    };`,
    { memoryBytes: 32 * MiB },
  );
  assert.equal(func.call().exit?.code, ExitCode.MEMORY);
});

Deno.test("a module that needs more than its memory fails its deploy as such", async () => {
  const { exit } = await tryDeploy("const all = []; for (;;) all.push({});", { memoryBytes: 16 * MiB });
  assert.equal(exit?.code, ExitCode.MEMORY);
});

Deno.test("garbage in cycles is collected long before the limit", async () => {
  const func = await deploy(
    `export default () => {
      for (let i = 0; i < 300_000; i++) { const a = { big: new Array(10) }; a.self = a; }
      return new Response("collected");
    };`,
    { memoryBytes: 24 * MiB },
  );
  assert.equal(func.call().text, "collected");
});

Deno.test("a heap that is nearly full still collects", async () => {
  const func = await deploy(
    `export default () => {
      const kept = []; for (let i = 0; i < 150; i++) kept.push(new Uint8Array(100_000));
      for (let i = 0; i < 200_000; i++) { const a = { big: new Array(10) }; a.self = a; }
      return new Response("collected");
    };`,
    { memoryBytes: 24 * MiB },
  );
  assert.equal(func.call().text, "collected");
});

Deno.test("the memory that a step used at most is told", async () => {
  const func = await deploy(`export default () => { new Uint8Array(20_000_000).fill(1); return new Response(""); };`);
  const exchange = func.begin();
  exchange.run();
  assert.ok(exchange.sandbox.memoryUsed > 20_000_000 && exchange.sandbox.memoryUsed < 40_000_000);
});

/** Of V8, in KB: its frames for the engine's code are larger than a server's engine has them. */
const STACK_KB = 7600;

Deno.test("endless recursion is a RangeError", async () => {
  const program = fileURLToPath(new URL("./recursion.ts", import.meta.url));
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `--v8-flags=--stack-size=${STACK_KB}`, program],
  });
  const { stdout, stderr } = await command.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  for (const [name, outcome] of Object.entries(JSON.parse(new TextDecoder().decode(stdout)))) {
    assert.equal(outcome, "RangeError", name);
  }
});

Deno.test("a log of more than its limit is cut, and says how much", async () => {
  const func = await deploy(
    `export default () => { for (let i = 0; i < 100; i++) console.log("line " + i); return new Response(""); };`,
    { logBytes: 100 },
  );
  const { logs } = func.call();
  const kept = logs.slice(0, -1);
  assert.ok(kept.reduce((sum, { text }) => sum + text.length, 0) <= 100);
  assert.match(logs.at(-1)!.text, new RegExp(`^${100 - kept.length} lines of the log were dropped`));
});

Deno.test("empty lines use up the log's limit, too", async () => {
  const func = await deploy(
    `export default () => { for (let i = 0; i < 100; i++) console.log(); return new Response(""); };`,
    { logBytes: 1000 },
  );
  const { logs } = func.call();
  assert.equal(logs.length, Math.floor(1000 / 64) + 1);
  assert.match(logs.at(-1)!.text, /^85 lines of the log were dropped/);
});

Deno.test("each request has its own log limit", async () => {
  const func = await deploy(`export default () => { console.log("x".repeat(80)); return new Response(""); };`, {
    logBytes: 100,
  });
  assert.equal(func.call().logs[0].text.length, 80);
  assert.equal(func.call().logs[0].text.length, 80);
});

Deno.test("a long line is cut between characters", async () => {
  const func = await deploy(`export default () => { console.log("€".repeat(5000)); return new Response(""); };`);
  const [{ text }] = func.call().logs;
  assert.equal(text, "€".repeat(Math.floor(8192 / 3)));
});

Deno.test("a flood of logs in one step leaves room for the response and its end", async () => {
  const func = await deploy(
    `export default () => {
    for (let i = 0; i < 1000; i++) console.log("x".repeat(1000)); return new Response("y".repeat(60_000));
  };`,
    { logBytes: 10 * MiB },
  );
  const answer = func.call();
  assert.equal(answer.body.length, 60_000);
  assert.equal(answer.exit?.code, ExitCode.OK);
  assert.ok(answer.logs.length > 100);
});

Deno.test("a flood of logs over several steps is passed on whole", async () => {
  const func = await deploy(
    `export default async () => {
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 100; j++) console.log("x".repeat(1000));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return new Response("");
  };`,
    { logBytes: 10 * MiB },
  );
  assert.equal(func.call().logs.length, 500);
});

Deno.test("an error of any length leaves room for its exit", async () => {
  const { exit } = (await deploy(`export default () => { throw new Error("m".repeat(1e6)); };`)).call();
  assert.equal(exit?.code, ExitCode.EXCEPTION);
  assert.ok(exit.text.length <= 16384);
});
