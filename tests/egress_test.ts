import assert from "node:assert/strict";
import { expectAnswer, expectError, folderFiles, Origin, sharedServer, until } from "./harness.ts";

const shared = sharedServer({ files: folderFiles("functions/egress") });

const asked = async (name: string, url: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
  const { text, status } = await shared.server.call(`/${name}?${new URLSearchParams({ url, ...more })}`);
  assert.equal(status, 200, text);
  return text;
};

const did = (origin: Origin, deed: string) =>
  shared.server.call(`/loopback?${new URLSearchParams({ origin: origin.url, deed })}`);

const closed = (origin: Origin) => until("all connections are closed", () => origin.connections === 0);

/** This machine's own, whatever the network calls them; an origin listens on the first. */
const LOOPBACKS = [
  ...[
    "127.0.0.1",
    "localhost",
    "LOCALHOST.",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1.",
  ],
  ...["0.0.0.0", "0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "%31%32%37.0.0.1"],
  ...["①②⑦.0.0.1", "user:pass@127.0.0.1"],
];
for (const host of LOOPBACKS) {
  Deno.test(`by default no function reaches this machine: ${host}`, async () => {
    await using origin = await Origin.start();
    const told = await asked("public", `http://${host}:${origin.port}/echo`);
    assert.match(
      told,
      /^TypeError: Cannot fetch .*"net" is "public"; list the address or its network in "net" .*\(with a cause\)$/,
    );
    assert.deepEqual(origin.requests, []);
  });
}

Deno.test("by default no function reaches an address of this machine's interfaces", async () => {
  await using origin = await Origin.start("0.0.0.0");
  for (const { address, family } of Deno.networkInterfaces()) {
    const host = family === "IPv6" ? `[${address}]` : address;
    assert.match(await asked("public", `http://${host}:${origin.port}/echo`), /^TypeError: Cannot fetch/);
  }
  assert.deepEqual(origin.requests, []);
});

for (
  const host of ["10.0.0.1", "169.254.169.254", "192.168.0.1", "100.64.0.1", "[fe80::1]", "[fd00::1]", "224.0.0.1"]
) {
  Deno.test(`by default no function reaches a private network: ${host}`, async () => {
    assert.match(await asked("public", `http://${host}/`), /is not on the public internet/);
  });
}

Deno.test("no function reaches the admin API of its own server by default", async () => {
  const { url } = shared.server;
  for (const target of [url, url.replace("127.0.0.1", "localhost"), url.replace("127.0.0.1", "[::ffff:127.0.0.1]")]) {
    assert.match(await asked("public", `${target}/_mayfly/health`), /is not on the public internet/);
  }
});

for (const url of ["file:///etc/passwd", "ftp://127.0.0.1/", "unix:/run/x.sock", "http+unix://x/", "gopher://x/"]) {
  Deno.test(`a scheme leads nowhere: ${url}`, async () => {
    assert.match(await asked("public", url), /^TypeError: .*can be fetched, not /);
  });
}

Deno.test("with net none nothing is reached, and with a data URL nothing has to be", async () => {
  await using origin = await Origin.start();
  assert.match(await asked("none", `${origin.url}/echo`), /"net" is "none"/);
  assert.match(await asked("none", "http://unknown.example/"), /"net" is "none"/);
  assert.equal(await asked("none", "data:,inside"), "200 inside");
  assert.deepEqual(origin.requests, []);
});

Deno.test("a list opens its host and port, and no other, not even by a redirect", async () => {
  const { server } = shared;
  await using listed = await Origin.start();
  await using other = await Origin.start();
  const config = JSON.stringify({ net: [`127.0.0.1:${listed.port}`] });
  await server.drop({
    "listed.ts": `import { told } from "./_told.ts";\nexport const config = ${config};\nexport default told;\n`,
  });
  await server.answers("/listed?url=data:,ready", ({ text }) => text === "200 ready");
  assert.match(await asked("listed", `${listed.url}/json`), /^200 /);
  assert.match(await asked("listed", `${listed.url}/redirect/302?to=/json`), /^200 /);
  const targets = [
    other.url,
    `${server.url}/_mayfly/health`,
    "http://169.254.169.254/",
    `http://[::1]:${listed.port}/`,
  ];
  for (const to of targets) {
    assert.match(await asked("listed", to), /is not in the function's "net"/);
    const through = `${listed.url}/redirect/307?to=${encodeURIComponent(to)}`;
    assert.match(await asked("listed", through), /is not in the function's "net"/);
  }
  for (const to of ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x"]) {
    assert.match(await asked("listed", `${listed.url}/redirect/302?to=${to}`), /^TypeError/);
  }
  assert.deepEqual(other.requests, []);
});

Deno.test("a Host header of the function's own choice is not sent", async () => {
  await using origin = await Origin.start();
  const answer = await shared.server.call(
    `/waits?${new URLSearchParams({ url: `${origin.url}/echo`, host: "evil.example" })}`,
  );
  assert.equal(answer.json<{ headers: { host: string } }>().headers.host, `127.0.0.1:${origin.port}`);
});

Deno.test("a net that means nothing is refused at deploy, by name", async () => {
  const { server } = shared;
  for (const bad of ["http://a.example", "a.example:99999", "0x7f.1", "10.0.0.0/99", "public"]) {
    const config = JSON.stringify({ net: ["good.example", bad] });
    await server.drop({ "bad.ts": `export const config = ${config};\nexport default () => new Response("${bad}");\n` });
    await until(
      `${bad} is refused`,
      async () => (await server.admin.function("bad"))?.error?.includes(`"${bad}" is no`),
    );
  }
});

for (const deed of ["waits", "drips", "uploads for ever", "spins in the middle"]) {
  Deno.test(`a fetch ends with its request's time: ${deed}`, async () => {
    await using origin = await Origin.start();
    expectError(await did(origin, deed), "timeout");
    await closed(origin);
  });
}

for (const deed of ["reads a bomb", "reads a flood", "holds all that it can"]) {
  Deno.test(`a response that is too much costs the function its memory, and the server none: ${deed}`, async () => {
    await using origin = await Origin.start();
    const { rssMb } = await shared.server.facts();
    const answer = await did(origin, deed);
    // Which of its limits it meets first depends on the machine: what the host takes in for it counts as CPU time.
    assert.ok(
      ["memory", "timeout", "cpu"].includes(answer.json<{ error: { code: string } }>().error.code),
      answer.text,
    );
    await closed(origin);
    const after = await shared.server.facts();
    assert.ok(after.peakRssMb - rssMb < 256, `${rssMb} MB before, at most ${after.peakRssMb} MB`);
  });
}

Deno.test("a function that dies in the middle of a body leaves no connection", async () => {
  await using origin = await Origin.start();
  expectError(await did(origin, "throws in the middle"), "exception");
  await closed(origin);
  expectAnswer(await did(origin, "answers in the middle"), { text: "answered" });
  await closed(origin);
});

Deno.test("a caller that leaves ends what was fetched for it", async () => {
  await using origin = await Origin.start();
  const controller = new AbortController();
  const path = `/waits?${new URLSearchParams({ url: `${origin.url}/never` })}`;
  const answer = shared.server.call(path, { signal: controller.signal });
  await until("it is fetched", () => origin.connections === 1);
  controller.abort();
  await assert.rejects(answer);
  await closed(origin);
});

Deno.test("ten thousand fetches in a loop need few connections and little memory", async () => {
  await using origin = await Origin.start();
  const { descriptors } = await shared.server.facts();
  expectAnswer(
    await shared.server.call(`/many?${new URLSearchParams({ url: `${origin.url}/bytes/500`, count: "10000" })}`),
    {
      text: "10000",
    },
  );
  assert.ok(origin.accepted <= 8, `${origin.accepted}`);
  assert.ok((await shared.server.facts()).descriptors <= descriptors + 20);
});

Deno.test("responses that nobody reads do not use up what a function may have open", async () => {
  await using origin = await Origin.start();
  expectAnswer(
    await shared.server.call(`/many?${new URLSearchParams({ url: `${origin.url}/bytes/200000`, count: "400" })}`),
    {
      text: "400",
    },
  );
});

Deno.test("waiting for a server costs no CPU time, and no function its turn", async () => {
  await using origin = await Origin.start();
  const path = `/waits?${new URLSearchParams({ url: `${origin.url}/wait/600` })}`;
  const answers = await Promise.all(Array.from({ length: 100 }, () => shared.server.call(path)));
  assert.ok(answers.every(({ text }) => text === "waited"));
});

Deno.test("fetch works while a function initialises; one that is open at its end fails the deploy", async () => {
  const { server } = shared;
  await using origin = await Origin.start();
  const config = `export const config = { net: ["127.0.0.1"] };`;
  await server.drop({
    "init.ts": `${config}\nconst text = await (await fetch("${origin.url}/chunks")).text();\n` +
      `export default () => new Response(text);\n`,
    "opens.ts": `${config}\nfetch("${origin.url}/never");\nexport default () => new Response("never");\n`,
  });
  await server.answers("/init", ({ text }) => text === "one two");
  await until(
    "the other is refused",
    async () => (await server.admin.function("opens"))?.error?.includes("still open"),
  );
  await closed(origin);
});
