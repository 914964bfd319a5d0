import assert from "node:assert/strict";
import { expectAnswer, expectError, type FolderFiles, folderFiles, sharedServer, until, Wire } from "./harness.ts";
import { nativeProgram } from "./harness/native_program.ts";
import { pythonPackages } from "./harness/python_packages.ts";
import { has, WITHOUT_KVM } from "./harness/vm.ts";
import { goProgram } from "./harness/go_program.ts";

/** Servers that users have already, as they are: tests/functions/native has what each of them does. */

const written = folderFiles("functions/native");

interface App {
  readonly name: string;
  readonly files: FolderFiles;
  readonly run?: readonly string[];
  /** What an error is that its handler did not catch: a library may answer it. */
  readonly thrown: 500 | "crash" | "bad_response" | null;
}

/** Of Python's index, with what they need. */
const FLASK = ["flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker"];
const UVICORN = ["uvicorn", "h11", "click"];

const apps = WITHOUT_KVM ? [] : await thoseHere();

/** Of languages that this machine has. */
async function thoseHere(): Promise<App[]> {
  const found: App[] = [
    {
      name: "deno",
      files: { "server.ts": written["server.ts"] },
      run: ["deno", "run", "-A", "server.ts"],
      thrown: null,
    },
  ];
  if (await has(["node", "--version"])) {
    found.push({
      name: "node",
      files: { "server.js": written["server.js"] },
      run: ["node", "server.js"],
      thrown: "crash",
    });
  }
  if (await has(["go", "version"])) {
    found.push({ name: "go", files: { server: await goProgram("native/server.go") }, thrown: "crash" });
  }
  return [...found, ...await thoseInPython()];
}

async function thoseInPython(): Promise<App[]> {
  const found: App[] = [
    { name: "python", files: { "app.py": written["plain.py"] }, run: ["python3", "app.py"], thrown: "bad_response" },
  ];
  const flask = await pythonPackages(FLASK);
  if (flask) {
    const files = { ...flask, "app.py": written["flask_app.py"] };
    found.push({ name: "flask", files, run: ["python3", "app.py"], thrown: 500 });
  }
  const uvicorn = await pythonPackages(UVICORN);
  if (uvicorn) {
    const files = { ...uvicorn, "asgi_app.py": written["asgi_app.py"] };
    found.push({
      name: "uvicorn",
      files,
      run: ["python3", "-m", "uvicorn", "asgi_app:app", "--port", "8080"],
      thrown: 500,
    });
  }
  return found;
}

const raw = WITHOUT_KVM ? new Uint8Array() : await nativeProgram(["tests/functions/native/raw.c"], ["-static"]);

const shared = sharedServer({
  files: {
    raw,
    ...Object.assign(
      {},
      ...apps.map(({ name, files }) =>
        Object.fromEntries(Object.entries(files).map(([path, content]) => [`${name}/${path}`, content]))
      ),
    ),
    "mayfly.json": JSON.stringify({
      functions: {
        ...Object.fromEntries(
          apps.map(({ name, run }) => [name, run ? { timeoutMs: 3000, run } : { timeoutMs: 3000 }]),
        ),
        raw: { timeoutMs: 1500 },
      },
    }),
  },
});

const get = (path: string, init = {}) => shared.server.call(path, init);

for (const { name, thrown } of apps) {
  const testApp = (property: string, fn: () => Promise<void>) => Deno.test(`${name}: ${property}`, fn);

  testApp("each request begins where the snapshot was taken", async () => {
    for (let i = 0; i < 3; i++) expectAnswer(await get(`/${name}/count`), { text: "1" });
  });

  testApp("it is a server: it has all paths below its own, and knows where it is", async () => {
    const path = "/deep/er?a=b&c=%20";
    expectAnswer(await get(`/${name}/nowhere`), { status: 404, text: "nothing here" });
    const { kind } = await (await shared.server.admin.get(`/functions/${name}`)).json();
    assert.equal(kind, "server");
    const { host } = new URL(shared.server.url);
    expectAnswer(await get(`/${name}/seen?${path}`), {
      json: { method: "GET", path: `/seen?${path}`, host, prefix: `/${name}`, expect: null },
    });
  });

  testApp("a body goes in and comes out as it is", async () => {
    const body = crypto.getRandomValues(new Uint8Array(50_000));
    const sent = await get(`/${name}/echo`, { method: "POST", body, headers: { "content-type": "a/b" } });
    expectAnswer(sent, { headers: { "content-type": "a/b" } });
    assert.deepEqual(sent.bytes, body);
    const large = new Uint8Array(3_000_000).map((_, at) => at * 7);
    const whole = await get(`/${name}/echo`, { method: "POST", body: large, headers: { "content-type": "a/b" } });
    assert.deepEqual([whole.status, whole.bytes.length], [200, large.length]);
    assert.ok(whole.bytes.every((byte, at) => byte === large[at]));
  });

  // Python's own library hands chunks to its handlers as they are.
  if (name !== "python") {
    testApp("a body whose length nobody tells goes in, too", async () => {
      const pieces = Array.from({ length: 20 }, (_, at) => new Uint8Array(10_000).fill(at));
      const body = ReadableStream.from(pieces);
      const answer = await get(`/${name}/echo`, { method: "POST", body, headers: { "content-type": "a/b" } });
      assert.equal(answer.status, 200);
      assert.deepEqual([...answer.bytes.filter((_, at) => at % 10_000 === 0)], pieces.map(([first]) => first));
    });
  }

  testApp("a large answer arrives whole", async () => {
    const answer = await get(`/${name}/bytes?n=20000000`);
    assert.deepEqual([answer.status, answer.bytes.length], [200, 20_000_000]);
  });

  testApp("the beginning of an answer arrives while the rest is yet to come, and leaving is fine", async () => {
    const response = await fetch(`${shared.server.url}/${name}/first`);
    const reader = response.body!.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "first\n");
    await reader.cancel();
    await until("nothing runs any more", async () => await shared.server.admin.running() === 0);
  });

  testApp("HEAD has a head alone, and a connection is used again", async () => {
    using wire = await Wire.open(shared.server);
    await wire.request("HEAD", `/${name}/bytes?n=5`);
    const head = await wire.answer("HEAD");
    assert.deepEqual([head.status, head.text, head.complete], [200, "", true]);
    await wire.request("GET", `/${name}/count`);
    assert.equal((await wire.answer()).text, "1");
  });

  testApp("a caller who waits to be asked for its body is asked", async () => {
    using wire = await Wire.open(shared.server);
    await wire.request("POST", `/${name}/echo`, ["content-length: 4", "content-type: a/b", "expect: 100-continue"]);
    assert.equal((await wire.head()).status, 100);
    await wire.send("body");
    assert.equal((await wire.answer()).text, "body");
  });

  testApp("its way to fail ends its request alone", async () => {
    expectError(await get(`/${name}/crash`), "crash");
    if (thrown === 500) assert.equal((await get(`/${name}/throw`)).status, 500);
    else if (thrown !== null) expectError(await get(`/${name}/throw`), thrown);
    expectError(await get(`/${name}/sleep?ms=60000`), "timeout");
    expectAnswer(await get(`/${name}/sleep?ms=20`), { text: "woke" });
    expectAnswer(await get(`/${name}/count`), { text: "1" });
  });

  testApp("what it prints is its log", async () => {
    expectAnswer(await get(`/${name}/log`), { text: "logged" });
    await until(
      "the line is in the log",
      async () =>
        (await shared.server.admin.logs(name)).some(({ text, requestId }) =>
          text.includes("a line") && requestId !== null
        ),
    );
  });

  testApp("many at once have a clone each", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(`/${name}/count`)));
    for (const answer of answers) expectAnswer(answer, { text: "1" });
  });
}

/** What a program says instead of a response, and what its log says of it. */
const NONSENSE: readonly (readonly [said: string, problem: RegExp])[] = [
  ["forty-two", /does not begin with HTTP\/1\.1/],
  ["HTTP/1.1 2000 OK\r\n\r\n", /status is no number of three digits/],
  ["HTTP/1.1 200 OK\r\nno colon\r\n\r\n", /has no colon/],
  ["HTTP/1.1 200 OK\r\na : b\r\n\r\n", /name/],
  ["HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n", /begins with a space/],
  ["HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", /two different content-lengths/],
  ["HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", /both/],
  ["HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", /no number of bytes/],
  ["HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", /not chunked/],
  ["HTTP/1.1 101 Switching Protocols\r\n\r\n", /another protocol/],
];

function sayPath(said: string, then: string): string {
  const hex = [...new TextEncoder().encode(said)].map((byte) => `%25${byte.toString(16).padStart(2, "0")}`).join("");
  return `/raw?say=${hex.replaceAll("%25", "%")}&then=${then}`;
}

if (WITHOUT_KVM) {
  Deno.test({ name: "programs that users have already: this machine has no KVM", ignore: true, fn: () => {} });
} else {
  Deno.test("what is no response is a bad one, and the log says what is wrong with it", async () => {
    for (const [said] of NONSENSE) expectError(await get(sayPath(said, "wait")), "bad_response");
    await until("the log says why", async () => {
      const texts = (await shared.server.admin.logs("raw")).map(({ text }) => text).join("\n");
      return NONSENSE.every(([, problem]) => problem.test(texts));
    });
  });

  Deno.test("a program may end as it likes once its response is whole, and not before", async () => {
    const whole = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    for (const then of ["on", "exit", "fail", "abort", "wait"]) {
      expectAnswer(await get(sayPath(whole, then)), { text: "ok" });
    }
    const untilEnd = "HTTP/1.0 200 OK\r\n\r\nall of it";
    expectAnswer(await get(sayPath(untilEnd, "exit")), { text: "all of it" });
    expectError(await get(sayPath("", "exit")), "crash");
    expectError(await get(sayPath("", "fail")), "crash");
    expectError(await get(sayPath("", "abort")), "crash");
    expectError(await get(sayPath("", "wait")), "timeout");
  });

  Deno.test("a response that ends in its middle never looks complete", async () => {
    const half = "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf";
    const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    for (
      const [said, then] of [[half, "exit"], [half, "abort"], [half, "wait"], [chunked, "exit"], [chunked, "fail"]]
    ) {
      using wire = await Wire.open(shared.server);
      await wire.request("GET", sayPath(said, then));
      const { status, complete } = await wire.answer();
      assert.ok(status !== 200 || !complete, `${status}, ${then}`);
    }
    const untilEnd = "HTTP/1.0 200 OK\r\n\r\nhalf";
    using wire = await Wire.open(shared.server);
    await wire.request("GET", sayPath(untilEnd, "abort"));
    const { status, complete } = await wire.answer();
    assert.ok(status !== 200 || !complete);
  });
}
