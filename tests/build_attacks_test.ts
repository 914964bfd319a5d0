import assert from "node:assert/strict";
import { expectAnswer, Server, until } from "./harness.ts";

const SECRET = "the-secret-that-no-build-may-read";
const hello = `export default () => new Response("hello");\n`;

/** Every attack is a source; `ROOT` is the folder above the functions folder, `PORT` that of a listener beside it. */
const attacks: Record<string, string> = {
  "a file beside the functions folder": `import secret from "../secret.json" with { type: "json" };`,
  "an absolute path": `import secret from "ROOT/secret.json" with { type: "json" };`,
  "a file URL": `import secret from "file://ROOT/secret.json" with { type: "json" };`,
  "a path through dots and back": `import secret from "./a/../../secret.json" with { type: "json" };`,
  "an escaped path": `import secret from "./%2e%2e/secret.json" with { type: "json" };`,
  "a text import": `import secret from "../secret.json" with { type: "text" };`,
  "a bytes import": `import secret from "../secret.json" with { type: "bytes" };`,
  "a symlink to a file": `import secret from "./link.json" with { type: "json" };`,
  "a file in a symlinked folder": `import secret from "./linked/secret.json" with { type: "json" };`,
  "a hard link": `import secret from "./hard.json" with { type: "json" };`,
  "a dynamic import": `const { default: secret } = await import("../secret.json", { with: { type: "json" } });`,
  "the password file": `import secret from "/etc/passwd" with { type: "text" };`,
  "the process of the build": `import secret from "/proc/self/environ" with { type: "text" };`,
  "the admin token": `import secret from "../data/admin-token" with { type: "text" };`,
  "an http import of this host": `import secret from "http://127.0.0.1:PORT/x.ts";`,
  "an https import": `import secret from "https://127.0.0.1:PORT/x.ts";`,
  "a package by its address": `import secret from "npm:x@http://127.0.0.1:PORT/x.tgz";`,
  "the file system at init": `const secret = Deno.readTextFileSync("ROOT/secret.json");`,
  "node:fs at init": `import { readFileSync } from "node:fs"; const secret = readFileSync("ROOT/secret.json", "utf8");`,
  "the environment at init": `const secret = Deno.env.toObject().PATH.length;`,
  "node:child_process": `import { execSync } from "node:child_process"; const secret = String(execSync("id"));`,
};

Deno.test("a build reads nothing outside of its root, and reaches no address", async (t) => {
  let knocks = 0;
  const listener = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
    knocks++;
    return new Response(`export default ${JSON.stringify(SECRET)};`, {
      headers: { "content-type": "application/typescript" },
    });
  });
  await using server = await Server.prepare();
  const root = server.functions.slice(0, server.functions.lastIndexOf("/"));
  await Deno.writeTextFile(`${root}/secret.json`, JSON.stringify(SECRET));
  await Deno.mkdir(`${root}/folder`);
  await Deno.writeTextFile(`${root}/folder/secret.json`, JSON.stringify(SECRET));
  await Deno.symlink(`${root}/secret.json`, `${server.functions}/link.json`);
  await Deno.symlink(`${root}/folder`, `${server.functions}/linked`);
  await Deno.link(`${root}/secret.json`, `${server.functions}/hard.json`);
  await Deno.symlink(`${root}/secret.json`, `${server.functions}/link-function.ts`);
  const names = Object.keys(attacks).map((_, n) => `attack${n}`);
  await server.drop({
    "hello.ts": hello,
    ...Object.fromEntries(
      Object.values(attacks).map((source, n) => [
        `attack${n}.ts`,
        `${source.replaceAll("ROOT", root).replaceAll("PORT", `${listener.addr.port}`)}
export default () => new Response(JSON.stringify(secret));\n`,
      ]),
    ),
  });
  await server.up();
  await server.built([...names, "hello"]);
  expectAnswer(await server.call("/hello"), { text: "hello" });

  for (const [n, what] of Object.keys(attacks).entries()) {
    await t.step(what, async () => {
      const info = await server.admin.function(`attack${n}`);
      assert.equal(info?.state, "failed", JSON.stringify(info));
      assert.doesNotMatch((await server.call(`/attack${n}`)).text, new RegExp(`${SECRET}|root:`));
      const logs = (await server.admin.logs(`attack${n}`)).map((line) => line.text).join("\n");
      assert.doesNotMatch(logs + info?.error, /root:x:0|PATH=/);
    });
  }
  await t.step("nobody knocked at the address", () => assert.equal(knocks, 0));
  await t.step("a function that is a symlink is refused", async () => {
    assert.ok((await server.call("/link-function")).status >= 400);
    assert.ok(!(await server.call("/link-function")).text.includes(SECRET));
  });
  await t.step("a deno.json that points elsewhere is refused too", async () => {
    await server.drop({
      "deno.json": JSON.stringify({
        imports: { "x/": "../", "y": `http://127.0.0.1:${listener.addr.port}/x.ts` },
        scopes: { "./": { "z": `file://${root}/secret.json` } },
        importMap: `${root}/secret.json`,
      }),
      "mapped1.ts": `import s from "x/secret.json" with { type: "json" }; export default () => new Response(s);`,
      "mapped2.ts": `import s from "y"; export default () => new Response(s);`,
      "mapped3.ts": `import s from "z" with { type: "json" }; export default () => new Response(s);`,
    });
    await server.built(["mapped1", "mapped2", "mapped3"]);
    for (const name of ["mapped1", "mapped2", "mapped3"]) {
      assert.equal((await server.admin.function(name))?.state, "failed", name);
      assert.ok(!(await server.call(`/${name}`)).text.includes(SECRET), name);
    }
    assert.equal(knocks, 0);
  });
  await listener.shutdown();
});

Deno.test("files that are no plain files harm nobody", async () => {
  await using server = await Server.start({ files: { "hello.ts": hello } });
  await new Deno.Command("mkfifo", { args: [`${server.functions}/pipe.ts`] }).output();
  await Deno.symlink("loop.ts", `${server.functions}/loop.ts`);
  await Deno.symlink("..", `${server.functions}/up`);
  await Deno.symlink("/dev/zero", `${server.functions}/zero.ts`);
  await Deno.mkdir(`${server.functions}/folder.ts`);
  await server.drop({ "after.ts": hello, "empty.ts": "", "binary.ts": crypto.getRandomValues(new Uint8Array(5000)) });
  await server.answers("/after", ({ text }) => text === "hello");
  for (const path of ["/pipe", "/loop", "/zero", "/folder", "/empty", "/binary", "/up/functions/hello"]) {
    assert.ok((await server.call(path)).status >= 400, path);
  }
  for (const name of ["pipe.ts", "loop.ts", "zero.ts"]) {
    await until(`the console names ${name}`, () => server.console.includes(name));
  }
});

/** A file's name goes through routes, logs, consoles, SQL, file systems and URLs. */
const names: readonly string[] = [
  "with space",
  "quote'quote",
  'double"quote',
  "semi;colon",
  "per%cent",
  "hash#tag",
  "quest?ion",
  "ümlaut",
  "日本語",
  "emoji🪰",
  "$(id)",
  "`id`",
  "back\\slash",
  "new\nline",
  "esc\x1b[31mape",
  "-dash",
  "..double",
  "x".repeat(200),
  "__proto__",
  "constructor",
];

Deno.test("a name of any kind is deployed or refused, and the neighbours serve on", async () => {
  await using server = await Server.start({ files: { "hello.ts": hello } });
  for (const name of names) await server.drop({ [`${name}.ts`]: `export default () => new Response("odd");` });
  await server.drop({ "last.ts": hello });
  await server.answers("/last", ({ text }) => text === "hello");
  for (const name of names) {
    const path = `/${encodeURIComponent(name)}`;
    const answer = await until(`${path} is settled`, async () => {
      const got = await server.call(path);
      return got.status === 503 && got.headers.has("retry-after") ? null : got;
    });
    if (answer.status !== 200) assert.ok([400, 404, 503].includes(answer.status), `${path}: ${answer.status}`);
    else assert.equal(answer.text, "odd");
  }
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(server.console, /\x1b\[31mape/);
  expectAnswer(await server.call("/hello"), { text: "hello" });
});

Deno.test("modules whose evaluation never ends do not keep others from being deployed", async () => {
  await using server = await Server.start();
  const endless = Array.from({ length: 20 }, (_, n) => `endless-${String(n).padStart(2, "0")}`);
  await server.drop({
    ...Object.fromEntries(endless.map((name) => [`${name}.ts`, "for (;;);\nexport default () => new Response();\n"])),
    "plain.ts": `export default () => new Response("plain");\n`,
  });
  await server.answers("/plain", ({ text }) => text === "plain");
  const states = new Map((await server.admin.functions()).map(({ name, state }) => [name, state]));
  const before = endless.filter((name) => states.get(name) === "building").length;
  assert.ok(before >= 15, `only ${before} of the endless ones are not through`);
});

Deno.test("a deno.lock makes a build go nowhere but to npm", async () => {
  const knocks: string[] = [];
  const listener = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    knocks.push(request.url);
    return new Response("no package");
  });
  await using server = await Server.prepare();
  const tarball = `http://127.0.0.1:${listener.addr.port}/x.tgz`;
  await server.drop({
    "deno.lock": JSON.stringify({
      version: "5",
      specifiers: { "npm:ms@2.1.3": "2.1.3", "npm:leftish-pad@1.0.0": "1.0.0" },
      npm: {
        "ms@2.1.3": {
          integrity: "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA==",
          tarball,
        },
        "leftish-pad@1.0.0": { integrity: "sha512-AAAA", tarball },
      },
    }),
    "lock.ts": `import ms from "npm:ms@2.1.3"; export default () => new Response(ms(1000));`,
  });
  await server.up();
  await server.built(["lock"]);
  await listener.shutdown();
  assert.deepEqual(knocks, []);
  expectAnswer(await server.call("/lock"), { text: "1s" });
});
