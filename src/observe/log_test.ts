import assert from "node:assert/strict";
import { join } from "node:path";
import { LIMITS } from "../limits.ts";
import { failure } from "../outcome.ts";
import type { FunctionId } from "../types.ts";
import type { Event, LogEvent, RequestEvent } from "./events.ts";
import { type Follower, Logs, type LogsOptions } from "./log.ts";
import type { LogRecord } from "./log_record.ts";
import { logStream } from "./log_stream.ts";

const ID: FunctionId = { tenant: "home", name: "hello" };
const OTHER: FunctionId = { tenant: "acme", name: "hello" };

const says = (text: string, fields: Partial<LogEvent> = {}): LogEvent => ({
  type: "log",
  atMs: 1763700000123,
  id: ID,
  version: "v1",
  requestId: "r1",
  level: "info",
  text,
  ...fields,
});

const request = (outcome: RequestEvent["outcome"], id: FunctionId | null = ID): RequestEvent => ({
  type: "request",
  atMs: 1763700000123,
  id,
  version: id && "v1",
  requestId: "r1",
  method: "GET",
  path: "/hello",
  outcome,
  wallMs: 1,
});

const records = (lines: readonly string[]): LogRecord[] => lines.map((line) => JSON.parse(line));
const texts = (lines: readonly string[]): string[] => records(lines).map(({ text }) => text);

const into = (heard: string[]): Follower => ({
  hear: (lines) => void heard.push(...texts(lines)),
  end: () => void heard.push("(end)"),
});

async function withLogs(
  work: (logs: Logs, folder: string) => Promise<void>,
  options: Partial<LogsOptions> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await using logs = new Logs({
      folder,
      mapStack: (_id, _version, text) => Promise.resolve(text),
      onTrouble: (message) => assert.fail(message),
      ...options,
    });
    await work(logs, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a line of a guest is kept with all that tells where it came from", async () => {
  await withLogs(async (logs, folder) => {
    logs.hear(says("hi \u001b[31m\n\u0000"));
    assert.deepEqual(records(await logs.tail(ID, 10)), [{
      time: "2025-11-21T04:40:00.123Z",
      level: "info",
      function: "hello",
      version: "v1",
      requestId: "r1",
      code: null,
      text: "hi \u001b[31m\n\u0000",
    }]);
    const kept = await Deno.readTextFile(join(folder, "home", "hello.ndjson"));
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(kept.trimEnd(), /[\x00-\x1f]/, "control characters are escaped on disk");
  });
});

Deno.test("a failed request is a line with its code and its detail, one that went well is none", async () => {
  await withLogs(async (logs) => {
    const usage = {} as never;
    logs.hear(request({ code: "ok", status: 200, usage }));
    logs.hear(request(failure("timeout", "it ran too long", { detail: "in f" })));
    logs.hear(request(failure("concurrency", "the queue is full")));
    logs.hear(request(failure("canceled", "the caller left")));
    logs.hear(request(failure("crash", "it crashed after the head", { status: 200 })));
    const kept = records(await logs.tail(ID, 10));
    assert.deepEqual(kept.map(({ level, code, text }) => [level, code, text]), [
      ["error", "timeout", "GET /hello: timeout: it ran too long\nin f"],
      ["warn", "concurrency", "GET /hello: concurrency: the queue is full"],
      ["info", "canceled", "GET /hello: canceled: the caller left"],
      ["error", "crash", "GET /hello: crash: it crashed after the head"],
    ]);
  });
});

Deno.test("the server's log has its own failures with their cause, and no misses of callers", async () => {
  await withLogs(async (logs) => {
    logs.hear(request(failure("internal", "The server failed", { cause: new Error("the cause") }), null));
    logs.hear(request(failure("not_found", "There is no function"), null));
    logs.hear(request(failure("internal", "The server failed", { detail: "in a call" })));
    logs.hear({ type: "server", atMs: 0, level: "warn", message: "draining", detail: "soon" });
    const [first, second, third, ...more] = records(await logs.tail(null, 10));
    assert.match(first.text, /^GET \/hello: internal: The server failed\nError: the cause\n\s+at /);
    assert.equal(first.function, null);
    assert.equal(second.function, "hello");
    assert.equal(third.text, "draining\nsoon");
    assert.deepEqual(more, []);
    assert.equal((await logs.tail(ID, 10)).length, 1);
  });
});

Deno.test("deploys are in the log of their function and of the server", async () => {
  await withLogs(async (logs) => {
    const deploy = { type: "deploy", atMs: 0, id: ID, version: "v1", route: "/hello", tier: "wasm" } as const;
    logs.hear({ ...deploy, state: "building", kind: null, buildMs: null, error: null });
    logs.hear({ ...deploy, state: "ready", kind: "handler", buildMs: 12.4, error: null });
    const serves = { ...deploy, state: "ready", kind: "handler", buildMs: null, error: null } as const;
    logs.hear({ ...serves, how: "rollback" });
    logs.hear({ ...serves, how: "again" });
    logs.hear({ ...deploy, state: "failed", kind: null, buildMs: null, error: "hello.ts:1:2: no" });
    const expected = [
      "Deployed as /hello (wasm tier, handler) in 12 ms",
      "Rolled back to v1, serving as /hello (wasm tier, handler)",
      "Deployed as /hello (wasm tier, handler), as it was built before",
      "Cannot deploy: hello.ts:1:2: no",
    ];
    assert.deepEqual(texts(await logs.tail(ID, 10)), expected);
    assert.deepEqual(texts(await logs.tail(null, 10)), expected);
  });
});

Deno.test("functions of the same name, and names that are paths or too long for a file, keep apart", async () => {
  await withLogs(async (logs, folder) => {
    const names = ["hello", "api/[id]", "../../escape", ".hidden", "x".repeat(500), `${"x".repeat(499)}y`, "\ud800"];
    const ids = [...names.map((name) => ({ tenant: "home", name })), OTHER, { tenant: "..", name: "up" }];
    ids.forEach((id, n) => logs.hear(says(`${n}`, { id })));
    for (const [n, id] of ids.entries()) assert.deepEqual(texts(await logs.tail(id, 10)), [`${n}`]);
    const parent = await Array.fromAsync(Deno.readDir(join(folder, "..")), ({ name }) => name);
    assert.ok(!parent.some((name) => name.includes("escape") || name.includes("up.ndjson")));
  });
});

Deno.test("stacks are mapped before they are kept, and kept as they are when that fails", async () => {
  const asked: string[] = [];
  const mapStack: LogsOptions["mapStack"] = (id, version, text) => {
    asked.push(`${id.name} ${version}`);
    if (text.includes("unknown")) return Promise.reject(new Error("no such map"));
    return Promise.resolve(text.replace("bundle.js:9:9", "hello.ts:2:1"));
  };
  await withLogs(async (logs) => {
    const stack = (what: string) => `Error: ${what}\n    at f (bundle.js:9:9)`;
    logs.hear(request(failure("exception", "The function threw", { detail: stack("a") })));
    logs.hear(says(stack("b")));
    logs.hear(says(stack("unknown")));
    logs.hear(says("no stack, at bundle.js:9:9"));
    for (let n = 0; n < 1000; n++) logs.hear(says(stack("often")));
    const kept = texts(await logs.tail(ID, 10_000));
    assert.equal(kept[0], "GET /hello: exception: The function threw\nError: a\n    at f (hello.ts:2:1)");
    assert.equal(kept[1], "Error: b\n    at f (hello.ts:2:1)");
    assert.equal(kept[2], stack("unknown"));
    assert.equal(kept[3], "no stack, at bundle.js:9:9");
    assert.ok(kept.slice(4).every((text) => text === "Error: often\n    at f (hello.ts:2:1)"));
    assert.deepEqual(asked, Array(4).fill("hello v1"), "the same stack is mapped once");
  }, { mapStack });
});

Deno.test("a long line is cut", async () => {
  await withLogs(async (logs) => {
    logs.hear(says("x".repeat(LIMITS.logLineBytes + 1)));
    assert.match(texts(await logs.tail(ID, 1))[0], /^x{8192}\.\.\. \(cut\)$/);
    logs.hear(says(`x${"😀".repeat(LIMITS.logLineBytes)}`));
    assert.match(texts(await logs.tail(ID, 1))[0], /^x(😀){4095}\.\.\. \(cut\)$/u);
  });
});

Deno.test("two files of a bounded size are kept, and the last lines are read across them", async () => {
  await withLogs(async (logs, folder) => {
    const filler = "x".repeat(8000);
    for (let n = 0; n < 1200; n++) {
      logs.hear(says(`${n} ${filler}`));
      if (n % 100 === 0) await logs.flush();
    }
    await logs.flush();
    const files = (await Array.fromAsync(Deno.readDir(join(folder, "home")))).map(({ name }) => name).sort();
    assert.deepEqual(files, ["hello.ndjson", "hello.ndjson.1"]);
    let bytes = 0;
    for (const file of files) {
      const { size } = await Deno.stat(join(folder, "home", file));
      assert.ok(size <= LIMITS.logFileBytes);
      bytes += size;
    }
    assert.ok(bytes > LIMITS.logFileBytes);
    const numbers = texts(await logs.tail(ID, 600)).map((text) => Number(text.split(" ")[0]));
    assert.deepEqual(numbers, Array.from({ length: 600 }, (_, n) => n + 600));
    assert.deepEqual(texts(await logs.tail(ID, 1)).map((text) => text.slice(0, 4)), ["1199"]);
    assert.deepEqual(await logs.tail(ID, 0), []);
  });
});

Deno.test("lines that grow on disk, of control characters, keep within the size of the files too", async () => {
  await withLogs(async (logs, folder) => {
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 120; n++) logs.hear(says("\u0001".repeat(LIMITS.logLineBytes)));
      await logs.flush();
    }
    for (const { name } of Deno.readDirSync(join(folder, "home"))) {
      assert.ok(Deno.statSync(join(folder, "home", name)).size <= LIMITS.logFileBytes);
    }
    assert.equal((await logs.tail(ID, 10)).length, 10);
  });
});

Deno.test("of a flood what does not fit is dropped and counted, and costs no other function its lines", async () => {
  await withLogs(async (logs) => {
    const sent = 100_000;
    for (let n = 0; n < sent; n++) logs.hear(says("flood"));
    logs.hear(says("quiet", { id: OTHER }));
    assert.ok(logs.dropped > 0);
    const kept = records(await logs.tail(ID, LIMITS.logTailLines));
    const last = kept.pop()!;
    assert.equal(last.level, "warn");
    assert.equal(last.text, `${sent - kept.length} lines were dropped: more came than could be written`);
    assert.equal(logs.dropped, sent - kept.length);
    assert.deepEqual(texts(await logs.tail(OTHER, 10)), ["quiet"]);
    logs.hear(says("after"));
    assert.deepEqual(texts(await logs.tail(ID, 1)), ["after"]);
  });
});

Deno.test("a disk that takes no lines is told of once, and the log says how many are missing", async () => {
  const troubles: string[] = [];
  await withLogs(async (logs, folder) => {
    const file = join(folder, "home", "hello.ndjson");
    await Deno.mkdir(file, { recursive: true });
    for (const text of ["a", "b", "c"]) {
      logs.hear(says(text));
      await logs.flush();
    }
    assert.equal(troubles.length, 1);
    assert.match(troubles[0], /^Cannot write logs: /);
    assert.equal(logs.dropped, 3);
    await Deno.remove(file);
    logs.hear(says("d"));
    assert.deepEqual(texts(await logs.tail(ID, 10)), [
      "d",
      "3 lines were dropped: more came than could be written",
    ]);
  }, { onTrouble: (message) => troubles.push(message) });
});

Deno.test("half a line that a lost power left is no line", async () => {
  await withLogs(async (logs, folder) => {
    logs.hear(says("a"));
    await logs.flush();
    await Deno.writeTextFile(join(folder, "home", "hello.ndjson"), `{"time":"2025`, { append: true });
    assert.deepEqual(texts(await logs.tail(ID, 10)), ["a"]);
    for (const text of ["b", "c"]) {
      logs.hear(says(text));
      await logs.flush();
    }
    assert.deepEqual(texts(await logs.tail(ID, 10)), ["a", "c"], "the line behind the half one is lost with it");
  });
});

Deno.test("a removed function's log is gone, also the part that was waiting", async () => {
  await withLogs(async (logs) => {
    logs.hear(says("a"));
    await logs.flush();
    logs.hear(says("b"));
    logs.hear({ type: "removed", atMs: 0, id: ID });
    assert.deepEqual(await logs.tail(ID, 10), []);
    assert.deepEqual(texts(await logs.tail(null, 10)), ["hello was removed"]);
  });
});

Deno.test("a follower hears the last lines and each one after, in order, once", async () => {
  await withLogs(async (logs) => {
    let n = 0;
    const next = () => logs.hear(says(`${n++}`));
    for (let i = 0; i < 5; i++) next();
    const heard: string[] = [];
    const following = logs.follow(ID, 3, into(heard));
    next();
    const follower = await following;
    for (let i = 0; i < 5; i++) {
      next();
      await logs.flush();
    }
    follower[Symbol.dispose]();
    next();
    await logs.flush();
    const start = Number(heard[0]);
    assert.deepEqual(heard, Array.from({ length: 11 - start }, (_, i) => `${start + i}`));
    assert.ok(start >= 2);
  });
});

Deno.test("who follows the server hears every function, and nothing twice", async () => {
  await withLogs(async (logs) => {
    const heard: string[] = [];
    using _follower = await logs.follow(null, 10, into(heard));
    const events: Event[] = [
      says("a"),
      says("b", { id: OTHER }),
      { type: "server", atMs: 0, level: "info", message: "c" },
      request(failure("internal", "both")),
    ];
    for (const event of events) logs.hear(event);
    await logs.flush();
    assert.deepEqual(heard.sort(), ["GET /hello: internal: both", "a", "b", "c"]);
  });
});

Deno.test("a stream of a log ends its subscription when the reader leaves, and tells a slow one what it missed", async () => {
  await withLogs(async (logs) => {
    logs.hear(says("first"));
    const reader = logStream(logs, ID, 10).pipeThrough(new TextDecoderStream()).getReader();
    assert.deepEqual(texts((await reader.read()).value!.trim().split("\n")), ["first"]);

    const batches = 6;
    for (let batch = 0; batch < batches; batch++) {
      for (let n = 0; n < 4000; n++) logs.hear(says("many"));
      await logs.flush();
    }
    let lines = 0;
    let missed = 0;
    while (lines + missed < batches * 4000) {
      for (const record of records((await reader.read()).value!.trim().split("\n"))) {
        if (/missed/.test(record.text)) missed += parseInt(record.text);
        else lines++;
      }
    }
    assert.ok(missed > 0);
    assert.equal(logs.followers, 1);
    await reader.cancel();
    assert.equal(logs.followers, 0);
  });
});

Deno.test("a server that goes down ends its log streams, with their last lines, and opens no more", async () => {
  await withLogs(async (logs) => {
    const text = async (stream: ReadableStream<Uint8Array>) =>
      texts((await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text()).trim().split("\n"));
    const open = text(logStream(logs, ID, 10));
    logs.hear(says("last"));
    await logs.flush();
    await logs.dismissFollowers();
    assert.deepEqual(await open, ["last"]);
    assert.deepEqual(await text(logStream(logs, ID, 10)), ["last"]);
    assert.equal(logs.followers, 0);
  });
});
