import assert from "node:assert/strict";
import { FakeAdmin } from "../../tests/fakes/fake_admin.ts";
import { FakeShell } from "../../tests/fakes/fake_shell.ts";
import { TempDir } from "../../tests/fakes/temp_dir.ts";
import { main } from "./main.ts";

type Answers = ConstructorParameters<typeof FakeAdmin>[0];

const HELLO = {
  name: "hello",
  url: "http://127.0.0.1:8000/hello",
  tier: "wasm",
  kind: "handler",
  state: "ready",
  version: "v1",
  rolledBackFrom: null,
  route: "/hello",
  file: "hello.ts",
  error: null,
};
const BROKEN = {
  ...HELLO,
  name: "br\x1b[2Joken",
  state: "failed",
  tier: null,
  kind: null,
  version: null,
  error: "b.ts:2:9: no\nmore",
};

interface Ran {
  readonly code: number;
  readonly shell: FakeShell;
  readonly asked: FakeAdmin["asked"];
}

/** Runs a command against a stand-in for the server. */
async function run(
  args: string[],
  answers: Answers = {},
  prepare: (shell: FakeShell) => void = () => {},
): Promise<Ran> {
  await using admin = new FakeAdmin({ "GET /_mayfly/problems": json([]), ...answers });
  const shell = new FakeShell();
  shell.env = { MAYFLY_URL: admin.url, MAYFLY_TOKEN: "secret" };
  prepare(shell);
  return { code: await main(args, shell), shell, asked: admin.asked };
}

const json = (value: unknown) => () => Response.json(value);

function assertMistake({ code, shell }: Ran, expected: number, says: RegExp): void {
  assert.equal(code, expected);
  assert.match(shell.notes, /^Error: .*\nTry: .*\n$/);
  assert.match(shell.notes, says);
  assert.doesNotMatch(shell.notes, /\n\s+at |\.ts:\d/);
  assert.equal(shell.out, "");
}

Deno.test("--version tells what runs", async () => {
  const { code, shell } = await run(["--version"]);
  assert.equal(code, 0);
  assert.match(shell.out, /^mayfly \d+\.\d+\.\d+, Deno \d+\.\d+\.\d+\n$/);
});

Deno.test("ls shows the functions, failures with their place, and no control character", async () => {
  const { code, shell, asked } = await run(["ls"], { "GET /_mayfly/functions": json([HELLO, BROKEN]) });
  assert.equal(code, 0);
  assert.equal(asked[0].headers.get("authorization"), "Bearer secret");
  assert.match(shell.out, /^hello +http:\/\/127\.0\.0\.1:8000\/hello +wasm +\S+ +handler +ready$/m);
  assert.match(shell.out, /^br\\x1b\[2Joken .*failed\n {2}b\.ts:2:9: no\n$/m);
});

Deno.test("ls and describe tell which version serves when it is not what the sources make", async () => {
  const stale = { ...BROKEN, name: "stale", version: "v1" };
  const back = { ...HELLO, name: "back", rolledBackFrom: "v2" };
  const { shell } = await run(["ls"], { "GET /_mayfly/functions": json([stale, back]) });
  assert.match(shell.out, /^stale .* failed, version v1 serves on\n {2}b\.ts:2:9: no$/m);
  assert.match(shell.out, /^back .* rolled back from v2 to v1$/m);
  const described = await run(["describe", "stale"], { "GET /_mayfly/functions/stale": json(stale) });
  assert.match(described.shell.out, /^state +failed, version v1 serves on$/m);
});

Deno.test("ls tells what is wrong with configuration files beside its output", async () => {
  const { code, shell } = await run(["ls"], {
    "GET /_mayfly/functions": json([HELLO]),
    "GET /_mayfly/problems": json(["mayfly.json:3:5: no\x1b[2J"]),
  });
  assert.equal(code, 0);
  assert.match(shell.notes, /^Problem: mayfly\.json:3:5: no\\x1b\[2J$/m);
});

Deno.test("ls --json is what the server says", async () => {
  const problem = "mayfly.json:3:5: no\x1b[2J";
  const { shell } = await run(["ls", "--json"], {
    "GET /_mayfly/functions": json([HELLO, BROKEN]),
    "GET /_mayfly/problems": json([problem]),
  });
  assert.deepEqual(JSON.parse(shell.out), { functions: [HELLO, BROKEN], problems: [problem] });
  assert.ok(!shell.out.includes("\x1b"));
  assert.equal(shell.notes, "");
});

Deno.test("ls of a server without functions says so beside its output", async () => {
  const { code, shell } = await run(["ls"], { "GET /_mayfly/functions": json([]) });
  assert.deepEqual([code, shell.out], [0, ""]);
  assert.match(shell.notes, /no functions yet/);
});

for (const name of ["hello", "api/[id]", "@acme/score", "a b%2f?#", "../../metrics"]) {
  Deno.test(`a name is one segment of the path: ${name}`, async () => {
    const path = `/_mayfly/functions/${encodeURIComponent(name)}`;
    const { code, asked } = await run(["describe", name], { [`GET ${path}`]: json({ ...HELLO, name }) });
    assert.deepEqual([code, asked.map(({ target }) => target)], [0, [path]]);
  });
}

Deno.test("describe shows all that the server tells", async () => {
  const settings = { timeoutMs: 5000, methods: ["GET", "POST"], env: ["API_KEY"], run: null };
  const usage = { lastHour: { requests: 3, wallMs: 1.2000000000000002, bytesIn: 5, memoryPeakBytes: 1_600_000 } };
  const described = { ...HELLO, settings, usage, error: "a\nb" };
  const { shell } = await run(["describe", "hello"], { "GET /_mayfly/functions/hello": json(described) });
  for (const line of [/^name +hello$/m, /^ {2}timeoutMs +5000$/m, /^ {2}methods +GET, POST$/m, /^ {2}env +API_KEY$/m]) {
    assert.match(shell.out, line);
  }
  assert.match(shell.out, /^error +a\n +b$/m);
  for (const line of [/ wallMs +1\.2$/m, / bytesIn +5 B$/m, / memoryPeakBytes +1\.5 MB$/m, / requests +3$/m]) {
    assert.match(shell.out, line);
  }
});

const RECORDS = [
  { time: "t1", level: "info", function: "hello", requestId: "r", version: "v1", code: null, text: "one\ttab" },
  { time: "t2", level: "error", function: null, requestId: null, version: null, code: null, text: "two\n  at x\x9b" },
];
const ndjson = () => new Response(RECORDS.map((record) => JSON.stringify(record) + "\n").join(""));

Deno.test("logs shows the lines of a function, or of all", async () => {
  const one = await run(["logs", "hello", "--lines", "7"], { "GET /_mayfly/functions/hello/logs": ndjson });
  assert.equal(one.shell.out, "t1 info  hello one    tab\nt2 error (server) two\n      at x\\x9b\n");
  assert.equal(one.asked[0].target, "/_mayfly/functions/hello/logs?lines=7");
  const all = await run(["logs"], { "GET /_mayfly/logs": ndjson });
  assert.equal(all.shell.out, one.shell.out);
});

Deno.test("logs --json is a document per line", async () => {
  const { shell } = await run(["logs", "--json"], { "GET /_mayfly/logs": ndjson });
  assert.deepEqual(shell.out.trimEnd().split("\n").map((line) => JSON.parse(line)), RECORDS);
});

Deno.test("logs -f shows each line when it comes, and ends when nobody reads any more", async () => {
  const shown = Promise.withResolvers<void>();
  const { code, shell, asked } = await run(["logs", "-f"], {
    "GET /_mayfly/logs": () =>
      new Response(
        new ReadableStream<string>({
          async start(controller) {
            controller.enqueue(`${JSON.stringify(RECORDS[0])}\n{"time":"t3",`);
            await shown.promise;
            controller.enqueue('"level":"info","function":null,"text":"three"}\n');
          },
        }).pipeThrough(new TextEncoderStream()),
      ),
  }, (shell) => {
    const print = shell.print.bind(shell);
    shell.print = (...line) => {
      print(...line);
      shell.isClosed = true;
      shown.resolve();
    };
  });
  assert.deepEqual([code, shell.out], [0, "t1 info  hello one    tab\n"]);
  assert.equal(asked[0].target, "/_mayfly/logs?lines=100&follow=1");
});

Deno.test("versions tells which one serves", async () => {
  const version = { version: "v1", deployedAtMs: 0, active: true, snapshotBytes: 1500 };
  const path = "GET /_mayfly/functions/hello/versions";
  const { shell } = await run(["versions", "hello"], { [path]: json([version]) });
  assert.match(shell.out, /^v1 +1970-01-01T00:00:00\.000Z +2 KB +serves$/m);
  const machine = await run(["versions", "hello", "--json"], { [path]: json([version]) });
  assert.deepEqual(JSON.parse(machine.shell.out), [version]);
});

Deno.test("rollback sends the version, or none for the one before", async () => {
  const answers = { "POST /_mayfly/functions/hello/rollback": json({ version: "v0" }) };
  const before = await run(["rollback", "hello"], answers);
  assert.match(before.shell.out, /hello serves version v0/);
  assert.deepEqual(JSON.parse(before.asked[0].body), {});
  const named = await run(["rollback", "hello", "v0"], answers);
  assert.deepEqual(JSON.parse(named.asked[0].body), { version: "v0" });
});

const REMOVED = { removed: "hello", path: "hello.ts", files: 1 };
const REMOVABLE = {
  "GET /_mayfly/functions/hello": json({ ...HELLO, source: { path: "hello.ts", files: 1 } }),
  "DELETE /_mayfly/functions/hello": json(REMOVED),
};
const PROJECT = {
  "GET /_mayfly/functions/proj": json({ ...HELLO, file: "proj/main.ts", source: { path: "proj/", files: 3 } }),
  "DELETE /_mayfly/functions/proj": json({ removed: "proj", path: "proj/", files: 3 }),
};
const deletes = ({ asked }: Ran) => asked.filter(({ method }) => method === "DELETE").length;

Deno.test("rm deletes nothing where nobody can be asked", async () => {
  const ran = await run(["rm", "hello"], REMOVABLE);
  assertMistake(ran, 1, /--yes/);
  assert.equal(deletes(ran), 0);
});

Deno.test("rm deletes only after a yes", async () => {
  for (const yes of [true, false]) {
    const ran = await run(["rm", "hello"], REMOVABLE, (shell) => shell.confirm = () => yes);
    assert.deepEqual([ran.code, deletes(ran)], yes ? [0, 1] : [1, 0]);
  }
  const ran = await run(["rm", "hello", "--yes"], REMOVABLE);
  assert.deepEqual([ran.code, deletes(ran)], [0, 1]);
});

Deno.test("rm says that it deletes a whole folder, before and after", async () => {
  let question = "";
  const { shell } = await run(["rm", "proj"], PROJECT, (shell) => {
    shell.confirm = (asked) => {
      question = asked;
      return true;
    };
  });
  assert.equal(question, "Delete the folder proj/ (3 files), its versions and its log?");
  assert.match(shell.out, /^Removed proj: the folder proj\/ \(3 files\), its versions and its log$/m);
  const { shell: { out } } = await run(["rm", "proj", "--yes", "--json"], PROJECT);
  assert.deepEqual(JSON.parse(out), { removed: "proj", path: "proj/", files: 3 });
});

Deno.test("invoke gives the body as it is to a program, and a safe one to a person", async () => {
  const answers = { "GET /hello": () => new Response("\x1b[2Jhi\nthere") };
  assert.equal((await run(["invoke", "hello"], answers)).shell.out, "\x1b[2Jhi\nthere");
  const { shell } = await run(["invoke", "hello"], answers, (shell) => shell.isTerminal = true);
  assert.equal(shell.out, "\\x1b[2Jhi\nthere\n");
});

Deno.test("invoke sends method, headers and body", async () => {
  const answers = { "POST /api": () => new Response(), "PUT /api": () => new Response() };
  const { asked: [plain] } = await run(["invoke", "api/index", "--data", "x=1"], answers);
  assert.deepEqual([plain.method, plain.body], ["POST", "x=1"]);
  const { asked: [full] } = await run(
    ["invoke", "api", "-X", "PUT", "--data", "@-", "--path", "?a=b", "-H", "x-a: 1", "-H", "x-b:2"],
    answers,
    (shell) => shell.stdin = "from stdin",
  );
  assert.deepEqual([full.method, full.target, full.body], ["PUT", "/api?a=b", "from stdin"]);
  assert.deepEqual([full.headers.get("x-a"), full.headers.get("x-b")], ["1", "2"]);
});

Deno.test("the body of invoke is no data folder; --data-dir names that", async () => {
  await using folder = await TempDir.make();
  const prepare = (shell: FakeShell) => {
    Deno.writeTextFileSync(`${folder.path}/server.json`, JSON.stringify({ url: shell.env.MAYFLY_URL }));
    shell.env = {};
  };
  const { code, asked } = await run(["invoke", "api", "--data", "x", "--data-dir", folder.path], {
    "POST /api": () => new Response(),
  }, prepare);
  assert.deepEqual([code, asked[0].body], [0, "x"]);
});

Deno.test("invoke tells nobody the admin token", async () => {
  const { asked } = await run(["invoke", "hello"], { "GET /hello": () => new Response() });
  assert.equal(asked[0].headers.get("authorization"), null);
});

Deno.test("invoke finds the path of a function by its name", async () => {
  for (const [name, path] of [["index", "/"], ["@acme/shop/index", "/@acme/shop"], ["größe", "/gr%C3%B6%C3%9Fe"]]) {
    const { asked } = await run(["invoke", name]);
    assert.equal(asked[0].target, path);
  }
  const { asked } = await run(["invoke", "api/[id]", "--path", "/api/7?x=1"]);
  assert.equal(asked[0].target, "/api/7?x=1");
});

Deno.test("invoke --json tells the whole answer", async () => {
  const answers = {
    "GET /hello": () => new Response("hi", { status: 201, headers: { "x-a": "1" } }),
    "GET /binary": () => new Response(new Uint8Array([0xff, 0xfe])),
  };
  const text = JSON.parse((await run(["invoke", "hello", "--json"], answers)).shell.out);
  assert.deepEqual([text.status, text.body, new Headers(text.headers).get("x-a")], [201, "hi", "1"]);
  const binary = JSON.parse((await run(["invoke", "binary", "--json"], answers)).shell.out);
  assert.deepEqual([binary.body, binary.bodyBase64], [null, "//4="]);
});

Deno.test("an answer of the function's own that is an error is shown, and is a failure", async () => {
  const { code, shell } = await run(["invoke", "hello"], {
    "GET /hello": () => Response.json({ error: { code: "not_found", message: "mine" } }, { status: 404 }),
  });
  assert.deepEqual([code, shell.notes], [1, "Status 404\n"]);
  assert.match(shell.out, /mine/);
});

Deno.test("a redirect is shown, not followed", async () => {
  const { code, asked } = await run(["invoke", "hello"], {
    "GET /hello": () => new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
  });
  assert.deepEqual([code, asked.length], [0, 1]);
});

const mistakes: readonly { args: string[]; code: number; says: RegExp; answers?: Answers }[] = [
  { args: ["srve"], code: 2, says: /mayfly serve/ },
  { args: ["constructor"], code: 2, says: /no command constructor/ },
  { args: ["ls", "--jsno"], code: 2, says: /--json/ },
  { args: ["describe"], code: 2, says: /needs NAME/ },
  { args: ["describe", "nobody"], code: 1, says: /There is nothing at/ },
  { args: ["logs", "--lines", "many"], code: 2, says: /--lines cannot be many/ },
  { args: ["invoke", "nobody"], code: 1, says: /404 not_found.*\nTry: mayfly ls/ },
  { args: ["invoke", "api/[id]"], code: 2, says: /--path/ },
  { args: ["invoke", "a", "--path", "b"], code: 2, says: /--path cannot be b/ },
  { args: ["invoke", "a", "--header", "nonsense"], code: 2, says: /--header cannot be nonsense/ },
  { args: ["invoke", "a", "--header", "host: x"], code: 2, says: /cannot set Host/ },
  { args: ["invoke", "a", "--method", "GET", "--data", "x"], code: 2, says: /--method/ },
  { args: ["invoke", "a", "--data", "@/nothing/there"], code: 1, says: /\/nothing\/there/ },
  { args: ["--data", "somewhere", "ls"], code: 2, says: /--data has no command before it\nTry: mayfly COMMAND --data/ },
  { args: ["ls", "--url", "nonsense"], code: 2, says: /--url is no address/ },
  { args: ["ls", "--url", "http://127.0.0.1:1"], code: 1, says: /Cannot talk to/ },
  { args: ["serve", "--functions", "/nothing/there"], code: 1, says: /\/nothing\/there/ },
  { args: ["ls"], code: 1, says: /no Mayfly server/, answers: { "GET /_mayfly/functions": () => new Response("hi") } },
  {
    args: ["ls"],
    code: 1,
    says: /no Mayfly server/,
    answers: { "GET /_mayfly/functions": () => new Response("hi", { status: 418 }) },
  },
  {
    args: ["ls"],
    code: 1,
    says: /wrong token\nTry: .*MAYFLY_TOKEN/,
    answers: { "GET /_mayfly/functions": () => FakeAdmin.error(401, "unauthorized", "wrong token") },
  },
  {
    args: ["ls"],
    code: 1,
    says: /a\\x1b\[2Jb/,
    answers: { "GET /_mayfly/functions": () => FakeAdmin.error(500, "internal", "a\x1b[2Jb") },
  },
];

for (const { args, code, says, answers } of mistakes) {
  Deno.test(`a mistake is told with what to try, and no stack: ${args.join(" ")} (${says.source})`, async () => {
    assertMistake(await run(args, answers), code, says);
  });
}

Deno.test("a server that is not there is told", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assertMistake(
    await run(["ls", "--url", `http://127.0.0.1:${port}`]),
    1,
    /Cannot reach a server.*\nTry: mayfly serve/,
  );
});

Deno.test("a fault of Mayfly's own shows its stack only to those who ask", async () => {
  const broken = { "GET /_mayfly/functions": json([{ name: 1 }]) };
  assertMistake(await run(["ls"], broken), 1, /Mayfly failed/);
  const { shell } = await run(["ls"], broken, (shell) => shell.env.MAYFLY_DEBUG = "1");
  assert.match(shell.notes, /\n\s+at /);
});

Deno.test("help names every command, and each command its options", async () => {
  const { shell } = await run([]);
  const names = [...shell.out.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
  assert.deepEqual(names, ["serve", "ls", "describe", "logs", "invoke", "rm", "versions", "rollback", "vm", "doctor"]);
  for (const name of names) {
    for (const args of [[name, "--help"], [name, "-h"], ["help", name]]) {
      const { code, shell } = await run(args);
      assert.deepEqual([code, shell.notes], [0, ""]);
      assert.match(shell.out, new RegExp(`^Usage: mayfly ${name}\\b[^]*--`));
    }
  }
});
