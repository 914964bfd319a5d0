import assert from "node:assert/strict";
import { bundleLibrary } from "../build.ts";
import { ExitCode, FrameType } from "./frames.ts";
import { deploy as deployPlain, tryDeploy } from "./host.ts";
import { engineFiles, Sandbox, type Snapshot } from "./sandbox.ts";

const OP_ECHO = 1;

let image: Snapshot | undefined;

async function imageWithCalls(): Promise<Snapshot> {
  if (image) return image;
  const folder = await Deno.makeTempDir();
  try {
    const out = `${folder}/library.js`;
    await bundleLibrary(out, { entry: "../test/library_with_calls.ts" });
    const { wasm } = await engineFiles();
    image = Sandbox.boot({ wasm, library: await Deno.readFile(out) }).snapshot();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return image;
}

const deploy = async (source: string) => await deployPlain(source, { image: await imageWithCalls() });

const HELPERS = `
  const bytes = (text) => new TextEncoder().encode(text);
  const text = (bytes) => new TextDecoder().decode(bytes);
  const echo = async (value, signal) => text(await hostCall(${OP_ECHO}, bytes(value), signal));
`;

Deno.test("a host call's answer resolves its promise", async () => {
  const func = await deploy(`${HELPERS} export default async () => new Response(await echo("ping"));`);
  const answer = func.call();
  assert.equal(answer.text, "ping");
  assert.equal(answer.steps, 2);
});

Deno.test("answers may come in any order, and find their calls", async () => {
  const func = await deploy(`${HELPERS} export default async () =>
    Response.json(await Promise.all(["a", "b", "c"].map((value) => echo(value))));`);
  assert.equal(func.call().text, '["a","b","c"]');
});

Deno.test("an error of the host rejects with its words", async () => {
  const func = await deploy(
    `export default () => hostCall(99, new Uint8Array()).catch((e) => new Response(e.message));`,
  );
  assert.equal(func.call().text, "Cannot make the host call 99: there is none");
});

Deno.test("an error of the host has the stack of its call", async () => {
  const func = await deploy(
    `async function ask() {
      await null;
      await hostCall(99, new Uint8Array());
    }
    export default async () => {
      const error = await ask().catch((error) => error);
      return Response.json([error.stack, Object.keys(error)]);
    };`,
  );
  const [stack, keys] = JSON.parse(func.call().text);
  assert.match(stack, /^Error: Cannot make the host call 99: there is none\n {4}at ask \(test\.js:3:\d+\)$/);
  assert.deepEqual(keys, []);
});

Deno.test("an aborted call rejects with the signal's reason, and its answer is dropped", async () => {
  const func = await deploy(`${HELPERS} export default async () => {
    const controller = new AbortController();
    const call = echo("x", controller.signal).catch((error) => error);
    controller.abort(new Error("enough"));
    const error = await call;
    await echo("the answers have come");
    return new Response(error.message);
  };`);
  const answer = func.call();
  assert.equal(answer.text, "enough");
  assert.equal(answer.exit?.code, ExitCode.OK);
});

Deno.test("calls that find no room in a step go out with the next", async () => {
  const func = await deploy(`export default async () => {
    const calls = Array.from({ length: 20 }, (_, i) => hostCall(${OP_ECHO}, new Uint8Array(40_000).fill(i)));
    const answers = await Promise.all(calls);
    return Response.json(answers.map((bytes) => [bytes.length, bytes[0]]));
  };`);
  const exchange = func.begin();
  exchange.step();
  assert.equal(exchange.last.wakeMs, 0, "it asks for another step at once");
  const expected = Array.from({ length: 20 }, (_, i) => [40_000, i]);
  assert.deepEqual(JSON.parse(exchange.run().text), expected);
});

Deno.test("more calls than the host takes at a time wait for their turn", async () => {
  const func = await deploy(`${HELPERS} export default async () => {
    const answers = await Promise.all(Array.from({ length: 2000 }, (_, i) => echo(String(i))));
    return new Response(String(answers.every((answer, i) => answer === String(i))));
  };`);
  let open = 0;
  let most = 0;
  const exchange = func.begin({
    calls: (_, bytes) => {
      most = Math.max(most, ++open);
      return bytes;
    },
  });
  const { sandbox } = exchange;
  const step = sandbox.step.bind(sandbox);
  sandbox.step = (frames) => {
    open -= frames?.filter(({ type }) => type === FrameType.ANSWER).length ?? 0;
    return step(frames);
  };
  assert.equal(exchange.run().text, "true");
  assert.ok(most <= 500, `${most} were open at once`);
});

Deno.test("a call of more than a chunk is refused", async () => {
  const func = await deploy(`export default () =>
    hostCall(1, new Uint8Array(65_537)).catch((error) => hostCall(1, new TextEncoder().encode(error.name)))
      .then((bytes) => new Response(bytes));`);
  assert.equal(func.call().text, "RangeError", "and the next one goes out");
});

Deno.test("a host call during init may be awaited", async () => {
  const func = await deploy(`${HELPERS} const value = await echo("init"); export default () => new Response(value);`);
  assert.equal(func.call().text, "init");
});

Deno.test("a host call that is open when a deploy ends fails it with its place", async () => {
  const { exit, status } = await tryDeploy(
    `\n\nfunction ask() { return hostCall(1, new Uint8Array()); }\nask();\nexport default () => new Response();`,
    { image: await imageWithCalls() },
  );
  assert.equal(status, null);
  assert.equal(exit?.code, ExitCode.EXCEPTION);
  assert.match(exit.text, /a call to the host is still open/);
  assert.match(exit.text, /at ask \(test\.js:3:/);
});

Deno.test("so does a fetch that init does not wait for", async () => {
  const { exit } = await tryDeploy(
    `\nfunction ask() { fetch("http://example.test/"); }\nask();\nexport default () => new Response();`,
  );
  assert.equal(exit?.code, ExitCode.EXCEPTION);
  assert.match(exit.text, /a call to the host is still open/);
  assert.match(exit.text, /at ask \(test\.js:2:/);
});
