import assert from "node:assert/strict";
import { expectAnswer, expectError, type FolderFiles, sharedServer, until } from "./harness.ts";
import { nativeProgram } from "./harness/native_program.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** What a program has to do until its snapshot can be taken, and what its author is told when it does not. */

const servers: Readonly<Record<string, { source: string; settings?: Readonly<Record<string, unknown>> }>> = {
  elsewhere: { source: `Deno.serve({ port: 5000, hostname: "127.0.0.1" }, () => new Response("from 5000"));` },
  everywhere: { source: `Deno.serve({ port: Number(Deno.env.get("PORT")) }, () => new Response("from all"));` },
  ends: { source: `console.log("cannot find its settings");\nDeno.exit(3);` },
  forks: { source: `new Deno.Command("deno").outputSync();` },
  throws: { source: `throw new Error("thrown at its start");` },
  sleeps: { source: `setTimeout(() => {}, 1e9);`, settings: { buildTimeoutMs: 1000 } },
  spins: { source: `for (;;);`, settings: { buildTimeoutMs: 1000 } },
  warm: {
    source: `let count = 0;\nDeno.serve({ port: 8080 }, (request) => new Response(request.url + " " + ++count));`,
    settings: { warmup: ["/one", "/two"] },
  },
};

const program = async (name: string) =>
  WITHOUT_KVM ? new Uint8Array() : await nativeProgram([`tests/functions/native/${name}.c`], ["-static"]);
const [talks, listens, rests] = [await program("talks"), await program("listens"), await program("sleeps")];
const shared = sharedServer({
  files: WITHOUT_KVM ? {} : {
    talks,
    listens,
    rests,
    "forked.py": "import os\ndef handler(req):\n    return str(os.fork())\n",
    ...Object.fromEntries(Object.entries(servers).map(([name, { source }]) => [`${name}/app.js`, source])),
    "mayfly.json": JSON.stringify({
      functions: Object.fromEntries(
        Object.entries(servers).map((
          [name, { settings }],
        ) => [name, { ...settings, run: ["deno", "run", "-A", "app.js"] }]),
      ),
    }),
  } as FolderFiles,
});

async function errorOf(name: string): Promise<string> {
  const info = await shared.server.admin.function(name);
  assert.equal(info?.state, "failed", JSON.stringify(info));
  return info!.error!;
}

Deno.test({ name: "a server may listen on a port of its own, and its log says so", ignore: WITHOUT_KVM }, async () => {
  expectAnswer(await shared.server.call("/elsewhere"), { text: "from 5000" });
  const lines = await shared.server.admin.logs("elsewhere");
  assert.ok(lines.some(({ text }) => /listens on port 5000/.test(text)), JSON.stringify(lines));
});

Deno.test({ name: "a server may listen on all addresses", ignore: WITHOUT_KVM }, async () => {
  expectAnswer(await shared.server.call("/everywhere"), { text: "from all" });
});

Deno.test({
  name: "a program that ends before its first request is told with what it printed last",
  ignore: WITHOUT_KVM,
}, async () => {
  assert.match(await errorOf("ends"), /^ends: .*exited with status 3 before .*\ncannot find its settings$/s);
  assert.match(await errorOf("throws"), /exited with status 1 before .*thrown at its start/s);
});

Deno.test({ name: "a program that never waits for a request is given up", ignore: WITHOUT_KVM }, async () => {
  assert.match(await errorOf("rests"), /sleeps for longer than its buildTimeoutMs of 10000$/);
  assert.match(await errorOf("sleeps"), /buildTimeoutMs of 1000$/);
  assert.match(await errorOf("spins"), /did not listen within its buildTimeoutMs of 1000$/);
});

Deno.test(
  { name: "a server that is started as a program is told what makes it one", ignore: WITHOUT_KVM },
  async () => {
    assert.match(
      await errorOf("listens"),
      /listens on port 9000, .*: a server goes into a folder, and is called server/,
    );
  },
);

Deno.test(
  { name: "a program that is refused another process is told that there is one", ignore: WITHOUT_KVM },
  async () => {
    assert.match(
      await errorOf("forks"),
      /exited with status 1 .*\nA microVM is one process, and it was refused another/s,
    );
  },
);

Deno.test(
  { name: "a function that is refused another process has the reason in its log", ignore: WITHOUT_KVM },
  async () => {
    expectError(await shared.server.call("/forked"), "exception");
    const reasons = async () =>
      (await shared.server.admin.logs("forked")).filter(({ text }) => text.startsWith("A microVM is one process"));
    await until("the log says so", async () => (await reasons()).length === 1);
  },
);

Deno.test({ name: "a program that answers before it is asked is refused", ignore: WITHOUT_KVM }, async () => {
  assert.match(await errorOf("talks"), /wrote to its standard output before its first request/);
});

Deno.test({ name: "warm-up requests are in the snapshot", ignore: WITHOUT_KVM }, async () => {
  expectAnswer(await shared.server.call("/warm/three"), { text: /\/three 3$/ });
  expectAnswer(await shared.server.call("/warm/three"), { text: /\/three 3$/ });
});
