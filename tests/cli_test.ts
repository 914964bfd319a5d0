import assert from "node:assert/strict";
import { expectAnswer, mayfly, Server, sharedServer, until } from "./harness.ts";
import { mayflyCommand } from "./harness/command.ts";

const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;

const shared = sharedServer({
  files: {
    "hello.ts": says("hello"),
    "echo.ts": `export default async (req: Request) => new Response(req.method + " " + await req.text());`,
    "talk.ts": `export default (req: Request) => {
      console.log("said", new URL(req.url).searchParams.get("what"));
      return new Response("ok");
    };`,
    "evil.ts":
      `export default () => { console.log("\\x1b[31mred\\x07 \\x9b2J \\r\\nsecond \\u202e"); return new Response("\\x1b[2Jx"); };`,
    "evil-throws.ts": `export default () => { throw new Error("\\x1b[31mred error"); };`,
    "broken.ts": `export default () => {\n  const = 1;\n};\n`,
    "secretive.ts": `export const config = { env: { API_KEY: "sesame" } };\n${says("x")}`,
    "api/[id].ts": says("by id"),
  },
});

const cli = (server: Server, ...args: string[]) => mayfly([...args, "--data", server.data]);

Deno.test("ls shows every function with its route, tier, kind and state, and the place of an error", async () => {
  const { stdout, code } = await cli(shared.server, "ls");
  assert.equal(code, 0);
  assert.match(stdout, /\bhello\b.*\/hello\b.*\bwasm\b.*\bready\b/);
  assert.match(stdout, /api\/\[id\].*\/api\/:id/);
  assert.match(stdout, /broken\.ts:2:\d+/);
});

Deno.test("ls --json is for machines, and says the same", async () => {
  const result = await cli(shared.server, "ls", "--json");
  assert.equal(result.code, 0);
  const { functions, problems } = result.json<{
    functions: { name: string; state: string; error: string | null }[];
    problems: string[];
  }>();
  assert.deepEqual(problems, []);
  const byName = new Map(functions.map((info) => [info.name, info]));
  assert.equal(byName.get("hello")?.state, "ready");
  assert.equal(byName.get("broken")?.state, "failed");
  assert.match(byName.get("broken")?.error ?? "", /broken\.ts:2/);
});

Deno.test("describe shows the names of environment variables, never their values", async () => {
  for (const args of [["describe", "secretive"], ["describe", "secretive", "--json"]]) {
    const { stdout, code } = await cli(shared.server, ...args);
    assert.equal(code, 0);
    assert.match(stdout, /API_KEY/);
    assert.doesNotMatch(stdout, /sesame/);
    assert.match(stdout, /timeoutMs/);
  }
});

Deno.test("invoke calls a function, with a body or without", async () => {
  const env = { MAYFLY_URL: shared.server.url };
  const plain = await mayfly(["invoke", "hello"], { env });
  assert.equal(plain.code, 0, plain.stderr);
  assert.match(plain.stdout, /hello/);
  const posted = await mayfly(["invoke", "echo", "--data", "payload"], { env });
  assert.match(posted.stdout, /POST payload/);
});

Deno.test("logs shows what a function wrote, and follows it", async () => {
  const { server } = shared;
  await server.call("/talk?what=first");
  await until("logs shows the line", async () => (await cli(server, "logs", "talk")).stdout.includes("said first"));

  const process = mayflyCommand(["logs", "talk", "-f", "--data", server.data], {
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let seen = "";
  const reading = (async () => {
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) seen += text;
  })();
  let n = 0;
  await until("the follower shows new lines", async () => {
    await server.call(`/talk?what=followed${n++}`);
    return seen.includes("said followed");
  });
  process.kill("SIGTERM");
  await process.status;
  await reading;
});

Deno.test("what a guest wrote reaches the terminal without control characters", async () => {
  const { server } = shared;
  await server.call("/evil");
  await server.call("/evil-throws");
  // deno-lint-ignore no-control-regex
  const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
  await until(
    "the logs are there",
    async () => (await cli(server, "logs", "evil-throws")).stdout.includes("red error"),
  );
  for (const args of [["logs", "evil"], ["logs", "evil-throws"], ["logs"], ["ls"]]) {
    const { stdout } = await cli(server, ...args);
    assert.doesNotMatch(stdout, control, args.join(" "));
  }
  assert.match((await cli(server, "logs", "evil")).stdout, /red/);
  assert.doesNotMatch(server.console, control);
});

const mistakes: readonly string[][] = [
  ["nonsense"],
  ["ls", "--nonsense"],
  ["describe"],
  ["describe", "nobody"],
  ["invoke", "nobody"],
  ["logs", "nobody"],
  ["versions", "nobody"],
  ["rollback", "hello", "no-such-version"],
  ["rm", "nobody", "--yes"],
  ["serve", "--port", "notaport"],
  ["serve", "--functions", "/nonexistent/functions"],
];

for (const args of mistakes) {
  Deno.test(`a mistake is told with what to try, and without a stack: ${args.join(" ")}`, async () => {
    const { server } = shared;
    const token = (await Deno.readTextFile(`${server.data}/admin-token`)).trim();
    const cwd = await Deno.makeTempDir();
    const { code, stderr, stdout } = await mayfly(args, {
      cwd,
      env: { MAYFLY_URL: server.url, MAYFLY_TOKEN: token, INIT_CWD: cwd },
    });
    await Deno.remove(cwd, { recursive: true });
    assert.notEqual(code, 0);
    assert.match(stderr, /^Error: /m);
    assert.match(stderr, /^Try: /m);
    assert.doesNotMatch(stderr + stdout, /\n\s+at |\.ts:\d+:\d+|Uncaught/);
  });
}

Deno.test("without a server the commands say so", async () => {
  const data = await Deno.makeTempDir();
  const { code, stderr } = await mayfly(["ls", "--data", data]);
  assert.notEqual(code, 0);
  assert.match(stderr, /^Error: /m);
  assert.match(stderr, /^Try: .*serve/m);
  await Deno.remove(data, { recursive: true });
});

Deno.test("the server is found by MAYFLY_URL and MAYFLY_TOKEN too, and a wrong token is refused", async () => {
  const { server } = shared;
  const token = (await Deno.readTextFile(`${server.data}/admin-token`)).trim();
  const cwd = await Deno.makeTempDir();
  const right = await mayfly(["ls"], { cwd, env: { MAYFLY_URL: server.url, MAYFLY_TOKEN: token, INIT_CWD: cwd } });
  assert.equal(right.code, 0, right.stderr);
  assert.match(right.stdout, /hello/);
  const wrong = await mayfly(["ls"], { cwd, env: { MAYFLY_URL: server.url, MAYFLY_TOKEN: "wrong", INIT_CWD: cwd } });
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /^Error: /m);
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("the admin token is for its owner alone", async () => {
  const { mode } = await Deno.stat(`${shared.server.data}/admin-token`);
  assert.equal(mode! & 0o777, 0o600);
});

Deno.test("rm asks before it deletes, and does nothing without an answer", async () => {
  const { server } = shared;
  const { code } = await cli(server, "rm", "hello");
  assert.notEqual(code, 0);
  expectAnswer(await server.call("/hello"), { text: "hello" });
});

Deno.test("doctor says what is usable here and what is not", async () => {
  const { stdout, stderr } = await cli(shared.server, "doctor");
  assert.match(stdout, /wasmtime/i);
  assert.match(stdout, /kvm/i);
  assert.match(stdout, /python/i);
  assert.doesNotMatch(stdout + stderr, /\n\s+at .*\.ts:/);
  const json = await cli(shared.server, "doctor", "--json");
  assert.doesNotThrow(() => json.json());
});

Deno.test("help names every command", async () => {
  const { stdout, code } = await mayfly(["--help"]);
  assert.equal(code, 0);
  for (const command of ["serve", "ls", "describe", "logs", "invoke", "rm", "versions", "rollback", "doctor"]) {
    assert.match(stdout, new RegExp(`\\b${command}\\b`));
  }
});

Deno.test("folders are relative to where the user stands, and the commands find the server there", async () => {
  const cwd = await Deno.makeTempDir();
  const here = { cwd, env: { INIT_CWD: cwd } };
  await Deno.mkdir(`${cwd}/functions`);
  await Deno.writeTextFile(
    `${cwd}/functions/here.ts`,
    "export default async (req: Request) => new Response(await req.text());",
  );
  const server = mayflyCommand(["serve", "--port", "0"], { ...here, stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
  try {
    const { url } = await until("it has an address", async () => {
      try {
        return JSON.parse(await Deno.readTextFile(`${cwd}/.mayfly/server.json`)) as { url: string };
      } catch {
        return null;
      }
    });
    await until("it serves", async () => {
      const response = await fetch(new URL("/here", url), { method: "POST", body: "well" });
      return await response.text() === "well";
    });
    assert.match((await mayfly(["ls"], here)).stdout, /\bhere\b/);
    assert.match((await mayfly(["invoke", "here", "--data", "payload"], here)).stdout, /payload/);
  } finally {
    server.kill("SIGTERM");
    await server.status;
    await Deno.remove(cwd, { recursive: true });
  }
});
