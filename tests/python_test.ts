import assert from "node:assert/strict";
import { expectError, Server, until } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";
import { writeWheel } from "./harness/wheel.ts";

const vm = { ignore: WITHOUT_KVM };
const wheels = await Deno.makeTempDir({ prefix: "mayfly-wheels-" });
let server: Server;

Deno.test.beforeAll(async () => {
  if (WITHOUT_KVM) return;
  await writeWheel(wheels, "greeting", "1.0", { "greeting/__init__.py": "def greet(name): return f'hello {name}'\n" });
  await writeWheel(wheels, "greeting", "2.0", { "greeting/__init__.py": "def greet(name): return f'hi {name}'\n" });
  const env = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels };
  server = await Server.start({ files: { "plain.py": "def handler(req): return 'plain'\n" }, env });
});
Deno.test.afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await Deno.remove(wheels, { recursive: true });
});

async function failed(name: string): Promise<string> {
  return await until(`${name} has failed`, async () => (await server.admin.function(name))?.error || null);
}

const says = (wanted: string) => ({ text }: { text: string }) => text === wanted;

Deno.test("what requirements.txt names is there, and another version of it after a change", vm, async () => {
  const app = "from greeting import greet\ndef handler(req): return greet('ada')\n";
  await server.drop({ "@acme/hello/main.py": app, "@acme/hello/requirements.txt": "greeting==1.0\n" });
  await server.answers("/@acme/hello", says("hello ada"));
  await server.drop({ "@acme/hello/requirements.txt": "# newer\nGreeting==2.0\n" });
  await server.answers("/@acme/hello", says("hi ada"));
});

Deno.test(
  "a requirement that cannot be met fails the deploy at its line, and the old version serves on",
  vm,
  async () => {
    const app = "def handler(req): return 'old'\n";
    await server.drop({ "@b/old/main.py": app });
    await server.answers("/@b/old", says("old"));
    await server.drop({ "@b/old/requirements.txt": "greeting==1.0\ngreetings==3.0\n" });
    assert.match(
      await failed("@b/old"),
      /old\/requirements\.txt:2:1: Cannot install greetings==3\.0: the index has no such package or version/,
    );
    assert.equal((await server.call("/@b/old")).text, "old");
    await server.drop({ "@b/old/requirements.txt": "--index-url http://localhost/\n" });
    await until("the option is refused", async () => /requirements\.txt:1:1: Cannot use/.test(await failed("@b/old")));
  },
);

Deno.test("a change of what a function imports, or of what that imports, deploys it", vm, async () => {
  await server.drop({
    "imports.py": "from lib.words import WORD\ndef handler(req): return WORD\n",
    "lib/words.py": "from .more import WORD\n",
    "lib/more.py": "WORD = 'one'\n",
  });
  await server.answers("/imports", says("one"));
  await server.drop({ "lib/more.py": "WORD = 'two'\n" });
  await server.answers("/imports", says("two"));
});

Deno.test("settings in the code hold, and a wrong one is told with its place", vm, async () => {
  await server.drop({
    "slow.py": "config = {'timeoutMs': 100}\nimport time\ndef handler(req): time.sleep(60)\n",
    "wrong.py": "config = {\n  'timeoutMs': 'long'\n}\ndef handler(req): return ''\n",
  });
  await server.answers("/slow", ({ status }) => status === 504);
  assert.match(await failed("wrong"), /wrong\.py:2:3: Cannot use config\.timeoutMs/);
});

Deno.test("an exception is in the log with the function's own lines", vm, async () => {
  await server.drop({ "@acme/throws.py": "def f():\n  raise ValueError('on purpose')\ndef handler(req):\n  f()\n" });
  await server.answers("/@acme/throws", ({ status }) => status === 500);
  expectError(await server.call("/@acme/throws"), "exception");
  const line = await until(
    "the log has it",
    async () => (await server.admin.logs("@acme/throws")).find(({ text }) => text.includes("on purpose")),
  );
  assert.match(line.text, /ValueError: on purpose\n\s+at f \(throws\.py:2(:3)?\)\n\s+at handler \(throws\.py:4(:3)?\)/);
});

Deno.test("ssl, sqlite3, ctypes, zlib and threads work in a guest", vm, async () => {
  await server.drop({
    "parts.py": `import ctypes, sqlite3, ssl, threading, zlib
def handler(req):
    found = []
    thread = threading.Thread(target=lambda: found.append(zlib.decompress(zlib.compress(b"z")).decode()))
    thread.start()
    thread.join()
    found.append(sqlite3.connect(":memory:").execute("select 1 + 1").fetchone()[0])
    found.append(ctypes.CDLL(None).abs(-3))
    found.append(ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED)
    return found
`,
  });
  await server.answers("/parts", says('["z",2,3,true]'));
});
