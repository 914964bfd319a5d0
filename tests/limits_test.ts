import assert from "node:assert/strict";
import { expectAnswer, expectError, folderFiles, sharedServer, until, wire } from "./harness.ts";
import { bombs } from "./functions/limits/bombs/[kind].ts";
import { loops } from "./functions/limits/loops/[kind].ts";

const shared = sharedServer({ files: folderFiles("functions/limits") });

const path = (folder: string, kind: string) => `/${folder}/${encodeURIComponent(kind)}`;

for (const kind of Object.keys(loops)) {
  Deno.test(`a loop ends at the deadline: ${kind}`, async () => {
    expectError(await shared.server.call(path("loops", kind)), "timeout");
  });
}

for (const kind of Object.keys(bombs)) {
  Deno.test(`memory ends at its limit: ${kind}`, async () => {
    expectError(await shared.server.call(path("bombs", kind)), "memory");
  });
}

for (const kind of ["recursion", "mutual recursion", "recursion through sort", "recursion through toString"]) {
  Deno.test(`what is too deep is an error that can be caught: ${kind}`, async () => {
    const { server } = shared;
    expectError(await server.call(`/depths?kind=${encodeURIComponent(kind)}`), "exception");
    expectAnswer(await server.call(`/depths?catch&kind=${encodeURIComponent(kind)}`), { text: "RangeError" });
  });
}

for (const kind of ["JSON", "code", "regular expression", "stringify"]) {
  Deno.test(`what is nested too deeply ends its request alone: ${kind}`, async () => {
    const { server } = shared;
    const answer = await server.call(`/nesting?kind=${encodeURIComponent(kind)}`);
    assert.ok([200, 500, 502, 503].includes(answer.status), `${answer.status} ${answer.text}`);
    expectAnswer(await server.call("/hello"), { text: "hello" });
  });
}

Deno.test("a function that catches its own out-of-memory error goes on", async () => {
  for (let n = 0; n < 3; n++) expectAnswer(await shared.server.call("/catches"), { text: "went on" });
});

Deno.test("CPU time has a limit of its own, and waiting costs none of it", async () => {
  const { server } = shared;
  const [burnt, rested] = await Promise.all([server.call("/cpu"), server.call("/rests")]);
  expectError(burnt, "cpu");
  expectAnswer(rested, { text: "rested" });
});

Deno.test("timers have a limit", async () => {
  const answer = await shared.server.call("/timers");
  assert.ok(answer.status === 500 || answer.status === 503, `${answer.status} ${answer.text}`);
});

Deno.test("an answer that never ends is cut at the deadline, and the log says why", async () => {
  const { server } = shared;
  const answer = await wire(server, "/endless-answer", { headers: ["x-request-id: endless-1"] });
  assert.equal(answer.status, 200);
  assert.match(answer.text, /^more\n/);
  assert.ok(!answer.complete);
  await until(
    "the log says so",
    async () =>
      (await server.admin.logs("endless-answer")).some(({ requestId, text }) =>
        requestId === "endless-1" && text.includes("timeout")
      ),
  );
});

Deno.test("a flood of log lines is capped, and the answer comes all the same", async () => {
  const { server } = shared;
  for (let n = 0; n < 20; n++) expectAnswer(await server.call("/talks?lines=20000"), { text: "said it all" });
  await until("the log is there", async () => (await server.admin.logs("talks")).length > 0);
  const sizes = [...logFiles(server.data)].map((file) => Deno.statSync(file).size);
  assert.ok(Math.max(...sizes) <= 5 << 20, `${sizes}`);
  const lines = await server.admin.logs("talks");
  assert.ok(lines.every(({ text }) => text.length <= 8192 + 100));
});

Deno.test("neighbours are unharmed by loops and bombs that run beside them", async () => {
  const { server } = shared;
  const hostile = [
    ...["for", "microtasks", "getter", "timers of no delay"].map((kind) => path("loops", kind)),
    ...["array that grows", "promises", "buffers of 1 MB"].map((kind) => path("bombs", kind)),
    "/depths?kind=recursion",
    "/talks?lines=5000",
  ];
  let over = false;
  const attacks = Promise.all(hostile.flatMap((target) => [server.call(target), server.call(target)]))
    .finally(() => over = true);
  let served = 0;
  while (!over || served < 20) {
    expectAnswer(await server.call("/hello"), { text: "hello" });
    served++;
  }
  for (const answer of await attacks) assert.ok(answer.status < 505);
});

Deno.test("as many loops as there are places leave room for other functions", async () => {
  const { server } = shared;
  const loopPath = path("loops", "for");
  const spinning = Array.from({ length: 40 }, () => server.call(loopPath));
  expectAnswer(await server.call("/hello"), { text: "hello" });
  for (const answer of await Promise.all(spinning)) assert.ok([503, 504].includes(answer.status), answer.text);
});

Deno.test("after all of it the server holds nothing more than before", async () => {
  const { server } = shared;
  const round = async () => {
    const targets = [path("loops", "for"), path("bombs", "array that grows"), path("bombs", "Map"), "/hello"];
    await Promise.all(targets.map((target) => server.call(target)));
  };
  for (let n = 0; n < 2; n++) await round();
  const before = await server.facts();
  for (let n = 0; n < 3; n++) await round();
  const after = await server.facts();
  assert.ok(after.descriptors <= before.descriptors + 8, JSON.stringify([before, after]));
  assert.ok(after.threads <= before.threads + 2, JSON.stringify([before, after]));
  assert.ok(after.rssMb <= before.rssMb + 64, JSON.stringify([before, after]));
});

function* logFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* logFiles(file);
    else if (file.includes("log")) yield file;
  }
}
