import assert from "node:assert/strict";
import { expectAnswer, expectError, mayfly, Server, sharedServer, until } from "./harness.ts";

const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;

const shared = sharedServer({ files: { "hello.ts": says("hello") } });

const text = (wanted: string) => (answer: { text: string }) => answer.text === wanted;

Deno.test("a file that appears is deployed, changed, renamed and removed", async () => {
  const { server } = shared;
  await server.drop({ "life.ts": says("one") });
  await server.answers("/life", text("one"));
  await server.drop({ "life.ts": says("two") });
  await server.answers("/life", text("two"));
  await Deno.rename(`${server.functions}/life.ts`, `${server.functions}/afterlife.ts`);
  await server.answers("/afterlife", text("two"));
  await server.answers("/life", ({ status }) => status === 404);
  await Deno.remove(`${server.functions}/afterlife.ts`);
  await server.answers("/afterlife", ({ status }) => status === 404);
});

Deno.test("a folder that appears, moves and disappears takes its functions along", async () => {
  const { server } = shared;
  await server.drop({ "group/a.ts": says("a"), "group/deep/b.ts": says("b") });
  await server.answers("/group/deep/b", text("b"));
  await Deno.rename(`${server.functions}/group`, `${server.functions}/moved`);
  await server.answers("/moved/a", text("a"));
  await server.answers("/moved/deep/b", text("b"));
  await server.answers("/group/a", ({ status }) => status === 404);
  await server.drop({ "moved/deep/b.ts": says("b changed") });
  await server.answers("/moved/deep/b", text("b changed"));
  await Deno.remove(`${server.functions}/moved`, { recursive: true });
  await server.answers("/moved/a", ({ status }) => status === 404);
});

Deno.test("a folder that is moved in from elsewhere is deployed with all it holds", async () => {
  const { server } = shared;
  const outside = `${server.data}/../outside`;
  await Deno.mkdir(`${outside}/inner`, { recursive: true });
  await Deno.writeTextFile(`${outside}/inner/x.ts`, says("from elsewhere"));
  await Deno.rename(outside, `${server.functions}/incoming`);
  await server.answers("/incoming/inner/x", text("from elsewhere"));
});

/** How programs save a file; all of them end with the new text in it. */
const savers: Record<string, (file: string, content: string) => Promise<void>> = {
  "truncate and write": (file, content) => Deno.writeTextFile(file, content),
  "write a new file and rename it over the old": async (file, content) => {
    await Deno.writeTextFile(`${file}.tmp123`, content);
    await Deno.rename(`${file}.tmp123`, file);
  },
  "move the old away, write the new, delete the backup": async (file, content) => {
    await Deno.rename(file, `${file}~`);
    await Deno.writeTextFile(file, content);
    await Deno.remove(`${file}~`);
  },
  "delete and write": async (file, content) => {
    await Deno.remove(file);
    await Deno.writeTextFile(file, content);
  },
  "hidden swap file beside it": async (file, content) => {
    const swap = file.replace(/([^/]+)$/, ".$1.swp");
    await Deno.writeTextFile(swap, "swap");
    await Deno.writeTextFile(file, content);
    await Deno.remove(swap);
  },
  "three writes of parts": async (file, content) => {
    using handle = await Deno.open(file, { write: true, truncate: true });
    const bytes = new TextEncoder().encode(content);
    for (let at = 0; at < bytes.length; at += 20) await handle.write(bytes.subarray(at, at + 20));
  },
};

for (const [how, save] of Object.entries(savers)) {
  Deno.test(`a save deploys, however the editor does it: ${how}`, async () => {
    const { server } = shared;
    await server.drop({ "edited.ts": says("before") });
    await server.answers("/edited", text("before"));
    await save(`${server.functions}/edited.ts`, says(`after ${how}`));
    await server.answers("/edited", text(`after ${how}`));
  });
}

Deno.test("a save that changes nothing makes no new version", async () => {
  const { server } = shared;
  await server.drop({ "same.ts": says("same") });
  await server.answers("/same", text("same"));
  const before = (await server.admin.function("same"))?.version;
  await server.drop({ "same.ts": says("same") });
  await server.drop({ "other.ts": says("other") });
  await server.answers("/other", text("other"));
  assert.equal((await server.admin.function("same"))?.version, before);
});

Deno.test("requests see the old version or the new one, and no failure between", async () => {
  const { server } = shared;
  await server.drop({ "swap.ts": says("0") });
  await server.answers("/swap", text("0"));
  let newest = 0;
  for (let version = 1; version <= 4; version++) {
    await server.drop({ "swap.ts": says(`${version}`) });
    await until(`version ${version} serves`, async () => {
      const answer = await server.call("/swap");
      expectAnswer(answer, { status: 200 });
      const seen = Number(answer.text);
      assert.ok(seen >= newest, `went back from ${newest} to ${seen}`);
      newest = seen;
      return seen === version;
    });
  }
});

Deno.test("a request that runs while its function is replaced ends in the old version", async () => {
  const { server } = shared;
  const version = (name: string) => `
    export default async (req: Request) => {
      if (req.method === "POST") { console.log("begun"); await req.text(); }
      return new Response(${JSON.stringify(name)});
    };`;
  await server.drop({ "long.ts": version("old") });
  await server.answers("/long", text("old"));
  const gate = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const running = server.call("/long", { method: "POST", body: gate.readable });
  await until("it runs", async () => (await server.admin.logs("long")).some((line) => line.text === "begun"));
  await server.drop({ "long.ts": version("new") });
  await server.answers("/long", text("new"));
  await gate.writable.close();
  expectAnswer(await running, { text: "old" });
});

Deno.test("two hundred files at once are all deployed", async () => {
  const { server } = shared;
  const names = Array.from({ length: 200 }, (_, n) => `many/f${n}`);
  await server.drop(Object.fromEntries(names.map((name) => [`${name}.ts`, says(name)])));
  for (const name of names) await server.answers(`/${name}`, text(name));
});

Deno.test("a file that is still being written is deployed when it is whole", async () => {
  const { server } = shared;
  using file = await Deno.open(`${server.functions}/slow.ts`, { write: true, create: true });
  const parts = [
    `const parts = ["slow"`,
    `, "and"`,
    `, "whole"];\n`,
    `export default () => new Response(parts.join(" "));\n`,
  ];
  const encoder = new TextEncoder();
  for (const part of parts) {
    await file.write(encoder.encode(part));
    // Others are deployed meanwhile: the server does not wait for this one.
    await server.drop({ "quick.ts": says(part) });
    await server.answers("/quick", text(part));
  }
  await server.answers("/slow", text("slow and whole"));
});

interface Broken {
  readonly source: string;
  /** What the error has to tell: what is wrong, and where. */
  readonly tells: readonly RegExp[];
}

const broken: Record<string, Broken> = {
  "a syntax error": {
    source: "export default () => {\n  const x = ;\n};\n",
    tells: [/broken[\w-]*\.ts:2:13/],
  },
  "an import of a file that does not exist": {
    source: `import { x } from "./nowhere.ts";\nexport default () => new Response(x);\n`,
    tells: [/nowhere\.ts/, /broken[\w-]*\.ts:1/],
  },
  "an import of a name that is not exported": {
    source: `import { nothing } from "./_lib/empty.ts";\nexport default () => new Response(nothing);\n`,
    tells: [/nothing/, /broken[\w-]*\.ts:1/],
  },
  "an import of a package that does not exist": {
    source: `import x from "npm:@mayfly-test-no-such-scope/no-such-package@1.0.0";\nexport default () => x;\n`,
    tells: [/no-such-package/],
  },
  "a module that throws at init": {
    source:
      `const x: string = "a";\nfunction boom(): never {\n  throw new Error("at init " + x);\n}\nboom();\nexport default () => new Response("");\n`,
    tells: [/at init a/, /broken[\w-]*\.ts:3:\d+/],
  },
  "an init that never ends": {
    source: `export const config = { buildTimeoutMs: 500 };\nfor (;;);\nexport default () => new Response("");\n`,
    tells: [/Cannot evaluate the module: it takes longer than its buildTimeoutMs of 500/],
  },
  "an init that waits for ever": {
    source:
      `export const config = { buildTimeoutMs: 500 };\nawait new Promise(() => {});\nexport default () => new Response("");\n`,
    tells: [/Cannot evaluate the module: it takes longer than its buildTimeoutMs of 500/],
  },
  "an init that eats all memory": {
    source: `const all = [];\nfor (;;) all.push(new Uint8Array(1 << 20));\nexport default () => new Response("");\n`,
    tells: [/memory/i],
  },
  "a warm-up request that is not answered": {
    source:
      `export const config = { warmup: ["/first"] };\nexport default () => {\n  throw new Error("not warm");\n};\n`,
    tells: [/Cannot answer the warm-up request \/first: Error: not warm/, /broken[\w-]*\.ts:3:\d+/],
  },
  "no handler": {
    source: "export const x = 1;\nexport function helper() {}\n",
    tells: [/broken[\w-]*\.ts: .*Cannot find a handler/, /helper \(a function\), x \(a number\)/, /default function/],
  },
  "a default export that is no handler": {
    source: "export default 42;\n",
    tells: [/broken[\w-]*\.ts: .*Cannot find a handler/, /exports default \(a number\)/],
  },
  "nothing at all": { source: "export {};\n", tells: [/exports nothing/] },
};

for (const [what, { source, tells }] of Object.entries(broken)) {
  Deno.test(`a build that fails tells why and where, and the old version serves on: ${what}`, async () => {
    const { server } = shared;
    const name = `broken-${what.replaceAll(" ", "-")}`;
    await server.drop({ "_lib/empty.ts": "export {};\n", [`${name}.ts`]: says("old") });
    await server.answers(`/${name}`, text("old"));
    await server.drop({ [`${name}.ts`]: source });
    const failed = await until("the build has failed", async () => {
      const info = await server.admin.function(name);
      return info?.error ? info : null;
    });
    expectAnswer(await server.call(`/${name}`), { text: "old" });
    const logged = (await server.admin.logs(name)).map((line) => line.text).join("\n");
    for (const tell of tells) {
      assert.match(failed.error!, tell, "in the list");
      assert.match(logged, tell, "in the log");
      await until(`the console tells ${tell}`, () => tell.test(server.console));
    }
    assert.match(
      (await mayfly(["ls", "--data", server.data])).stdout,
      new RegExp(`failed, version ${failed.version} serves on`),
    );
    await until("the console tells what serves", () => server.console.includes(`version ${failed.version} serves on`));
    assert.doesNotMatch(failed.error!, /mirror|file:\/\/\/|\/tmp\//, "names the user's file, not the server's copy");

    await server.drop({ [`${name}.ts`]: says("mended") });
    await server.answers(`/${name}`, text("mended"));
    assert.equal((await server.admin.function(name))?.error ?? null, null);
  });
}

Deno.test("a function whose first build failed is not deployed", async () => {
  const { server } = shared;
  await server.drop({ "stillborn.ts": "export default (" });
  await server.built(["stillborn"]);
  const answer = await server.call("/stillborn");
  expectError(answer, "not_deployed");
  const { error } = answer.json<{ error: { function: string; message: string; detail?: string } }>();
  assert.deepEqual([error.function, error.detail], ["stillborn", undefined]);
  assert.match(error.message, /mayfly logs stillborn/);
});

Deno.test("timers and promises set at init run relative to the clone", async () => {
  const { server } = shared;
  await server.drop({
    "timed.ts": `let fired = 0;
      setInterval(() => fired++, 20);
      const ready = Promise.resolve("resolved at init");
      export default async () => {
        while (fired === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        return new Response(await ready);
      };`,
  });
  await server.answers("/timed", text("resolved at init"));
});

Deno.test("a change of an import, of _shared or of deno.json deploys what was built from it, and nothing else", async () => {
  await using server = await Server.start({
    files: {
      "deno.json": JSON.stringify({ imports: { "lib": "./_lib/one.ts" } }),
      "_lib/one.ts": `export const name = "one";`,
      "_lib/two.ts": `export const name = "two";`,
      "_shared/text.ts": `import { more } from "./more.ts"; export const text = "shared" + more;`,
      "_shared/more.ts": `export const more = " more";`,
      "by-name.ts": `import { name } from "lib"; export default () => new Response(name);`,
      "by-path.ts": `import { text } from "./_shared/text.ts"; export default () => new Response(text);`,
      "alone.ts": says("alone"),
    },
  });
  expectAnswer(await server.call("/by-name"), { text: "one" });
  expectAnswer(await server.call("/by-path"), { text: "shared more" });
  const alone = (await server.admin.function("alone"))?.version;

  await server.drop({ "_shared/more.ts": `export const more = " changed";` });
  await server.answers("/by-path", text("shared changed"));
  await server.drop({ "_lib/one.ts": `export const name = "one changed";` });
  await server.answers("/by-name", text("one changed"));
  assert.equal((await server.admin.function("alone"))?.version, alone);
  await server.drop({ "deno.json": JSON.stringify({ imports: { "lib": "./_lib/two.ts" } }) });
  await server.answers("/by-name", text("two"));
  expectAnswer(await server.call("/alone"), { text: "alone" });
});

Deno.test("TypeScript and JavaScript in all their forms are functions", async () => {
  const { server } = shared;
  await server.drop({
    "forms/a.ts": `enum E { A = "ts" } export default (_: Request): Response => new Response(E.A satisfies string);`,
    "forms/b.tsx":
      `const h = (tag: string) => tag; /** @jsx h */ export default () => new Response(<b></b> as string);`,
    "forms/c.js": `export default () => new Response("js");`,
    "forms/d.jsx": `const h = (tag) => tag; /** @jsx h */ export default () => new Response(<i></i>);`,
    "forms/e.mjs": `export default () => new Response("mjs");`,
    "forms/f.ts": `import data from "./data.json" with { type: "json" }; export default () => Response.json(data);`,
    "forms/data.json": `{"from":"json"}`,
    "forms/g.ts": `const { late } = await import("../_late.ts"); export default () => new Response(late);`,
    "_late.ts": `export const late = await Promise.resolve("late");`,
  });
  for (const [path, wanted] of [["a", "ts"], ["b", "b"], ["c", "js"], ["d", "i"], ["e", "mjs"], ["g", "late"]]) {
    await server.answers(`/forms/${path}`, text(wanted));
  }
  expectAnswer(await server.answers("/forms/f", ({ status }) => status === 200), { json: { from: "json" } });
});

Deno.test("a line that a function writes while it is built is in its log", async () => {
  const { server } = shared;
  await server.drop({ "chatty.ts": `console.warn("hello from init");\n${says("x")}` });
  await server.answers("/chatty", text("x"));
  await until(
    "the line is there",
    async () =>
      (await server.admin.logs("chatty")).some((line) => line.text === "hello from init" && line.requestId === null),
  );
});
