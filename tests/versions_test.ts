import assert from "node:assert/strict";
import { expectAnswer, expectError, mayfly, Server, sharedServer } from "./harness.ts";

const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;
const text = (wanted: string) => (answer: { text: string }) => answer.text === wanted;

const shared = sharedServer({ files: { "f.ts": says("zero") } });

interface Version {
  readonly version: string;
  readonly active: boolean;
}

async function cli(server: Server, ...args: string[]) {
  return await mayfly([...args, "--data", server.data]);
}

async function versions(server: Server, name: string): Promise<Version[]> {
  const result = await cli(server, "versions", name, "--json");
  assert.equal(result.code, 0, result.stderr);
  return result.json();
}

Deno.test("the same sources make the same version, wherever and whenever they are built", async () => {
  const { server } = shared;
  await server.drop({ "again.ts": says("a") });
  await server.answers("/again", text("a"));
  const first = (await server.admin.function("again"))?.version;
  await server.drop({ "again.ts": says("b") });
  await server.answers("/again", text("b"));
  await server.drop({ "again.ts": says("a") });
  await server.answers("/again", text("a"));
  assert.equal((await server.admin.function("again"))?.version, first);

  await using other = await Server.start({ files: { "again.ts": says("a") } });
  assert.equal((await other.admin.function("again"))?.version, first);
});

Deno.test("rollback serves the version before, until the source changes", async () => {
  const { server } = shared;
  for (const content of ["one", "two", "three"]) {
    await server.drop({ "back.ts": says(content) });
    await server.answers("/back", text(content));
  }
  assert.equal((await cli(server, "rollback", "back")).code, 0);
  expectAnswer(await server.call("/back"), { text: "two" });
  assert.match((await cli(server, "ls")).stdout, /^back .* rolled back from \w+ to \w+$/m);
  const oldest = (await versions(server, "back")).at(-1)!;
  assert.equal((await cli(server, "rollback", "back", oldest.version)).code, 0);
  expectAnswer(await server.call("/back"), { text: "one" });
  const further = await cli(server, "rollback", "back");
  assert.notEqual(further.code, 0);
  assert.ok(further.stderr.includes(oldest.version), further.stderr);
  assert.match(further.stderr, /^Try: mayfly versions back\b/m);

  // A deploy of something else, or a restart, is no change of this source.
  await server.drop({ "bystander.ts": says("x") });
  await server.answers("/bystander", text("x"));
  expectAnswer(await server.call("/back"), { text: "one" });
  await server.stop();
  await server.up();
  expectAnswer(await server.call("/back"), { text: "one" });

  await server.drop({ "back.ts": says("four") });
  await server.answers("/back", text("four"));
});

Deno.test("a rollback to what is no version fails, and changes nothing", async () => {
  const { server } = shared;
  const result = await cli(server, "rollback", "f", "0123456789abcdef");
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /Error: /);
  expectAnswer(await server.call("/f"), { text: "zero" });
});

Deno.test("the last ten versions are kept", async () => {
  const { server } = shared;
  for (let n = 0; n < 13; n++) {
    await server.drop({ "kept.ts": says(`${n}`) });
    await server.answers("/kept", text(`${n}`));
  }
  const kept = await versions(server, "kept");
  assert.equal(kept.length, 10);
  assert.equal(kept.filter(({ active }) => active).length, 1);
});

Deno.test("rm takes the function and its source away", async () => {
  const { server } = shared;
  await server.drop({ "doomed.ts": says("x") });
  await server.answers("/doomed", text("x"));
  const result = await cli(server, "rm", "doomed", "--yes");
  assert.equal(result.code, 0, result.stderr);
  await server.answers("/doomed", ({ status }) => status === 404);
  await assert.rejects(Deno.stat(`${server.functions}/doomed.ts`), Deno.errors.NotFound);
});

Deno.test("a restart rebuilds nothing, and serves what was served", async () => {
  await using server = await Server.start({
    files: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`f${n}.ts`, says(`answer ${n}`)])),
  });
  const before = await server.admin.functions();
  const artefacts = new Map([...files(server.data)].filter(([file]) => !/log|\.db|token|server\.json/.test(file)));
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await server.stop(signal);
    await server.up();
    for (let n = 0; n < 10; n++) expectAnswer(await server.call(`/f${n}`), { text: `answer ${n}` });
    const after = await server.admin.functions();
    assert.deepEqual(
      after.map(({ name, version }) => [name, version]),
      before.map(({ name, version }) => [name, version]),
    );
    const now = new Map(files(server.data));
    for (const [file, modified] of artefacts) assert.equal(now.get(file), modified, `${file} was written again`);
  }
});

Deno.test("what changed while the server was down is deployed when it comes up", async () => {
  await using server = await Server.start({ files: { "a.ts": says("a"), "b.ts": says("b") } });
  await server.stop();
  await Deno.remove(`${server.functions}/a.ts`);
  await server.drop({ "b.ts": says("b changed"), "c.ts": says("c") });
  await server.up();
  await server.answers("/b", text("b changed"));
  await server.answers("/c", text("c"));
  await server.answers("/a", ({ status }) => status === 404);
});

Deno.test("kill -9 in the middle of deploys leaves nothing that is half built", async () => {
  await using server = await Server.start({ files: { "steady.ts": says("steady") } });
  for (let round = 0; round < 4; round++) {
    const names = Array.from({ length: 6 }, (_, n) => `f${n}`);
    await server.drop(Object.fromEntries(names.map((name) => [`${name}.ts`, says(`${name} of round ${round}`)])));
    // Later in each round: before, during and after the first builds.
    for (let n = 0; n < round * 25; n++) await server.call("/steady");
    await server.stop("SIGKILL");
    await server.up();
    expectAnswer(await server.call("/steady"), { text: "steady" });
    for (const name of names) {
      await server.answers(`/${name}`, (answer) => {
        const whole = /^f\d of round \d$/.test(answer.text) && answer.status === 200;
        if (!whole) assert.ok([404, 503].includes(answer.status), `${answer.status} ${answer.text}`);
        return answer.text === `${name} of round ${round}`;
      });
    }
  }
});

Deno.test("a data folder whose files were cut or changed is healed by building anew, or refused by name", async () => {
  await using server = await Server.start({ files: { "a.ts": says("a"), "b.ts": says("b") } });
  await server.stop();
  for (const [file] of files(server.data)) {
    if (/log|\.db|token|server\.json|lock/.test(file)) continue;
    const { size } = await Deno.stat(file);
    if (size > 100) await Deno.truncate(file, size - 50);
  }
  await server.up();
  await server.answers("/a", text("a"));
  await server.answers("/b", text("b"));
});

Deno.test("a second server on the same data folder is refused by name, and harms the first in nothing", async () => {
  const { server } = shared;
  const second = await mayfly(["serve", "--functions", server.functions, "--data", server.data, "--port", "0"]);
  assert.notEqual(second.code, 0);
  assert.match(second.stderr, /Error: .*(data|running|in use)/i);
  assert.match(second.stderr, /Try: /);
  assert.doesNotMatch(second.stderr, /\n\s+at /);
  expectAnswer(await server.call("/f"), { text: "zero" });
  assert.equal((await cli(server, "ls", "--json")).code, 0);
});

Deno.test("a data folder that a killed server left is taken over", async () => {
  await using server = await Server.start({ files: { "a.ts": says("a") } });
  await server.stop("SIGKILL");
  await server.up();
  expectAnswer(await server.call("/a"), { text: "a" });
});

Deno.test("an unknown function is 404 by every command", async () => {
  const { server } = shared;
  expectError(await server.call("/nobody"), "not_found");
  for (const command of ["describe", "versions", "rollback", "logs"]) {
    const result = await cli(server, command, "nobody");
    assert.notEqual(result.code, 0, command);
    assert.match(result.stderr, /Error: .*nobody/, command);
  }
});

function* files(folder: string): Generator<[file: string, modified: number | undefined]> {
  for (const entry of Deno.readDirSync(folder)) {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* files(file);
    else if (entry.isFile) yield [file, Deno.statSync(file).mtime?.getTime()];
  }
}

Deno.test("a snapshot that is damaged when it is read again is built again", async () => {
  // Of this memory an eighth is for snapshots: two of these four fit.
  const large = `const kept = new Uint8Array(3 * 2 ** 20).fill(1);
export default () => new Response(String(kept.length));`;
  const names = ["a", "b", "c", "d"];
  await using server = await Server.start({
    files: {
      "mayfly.json": JSON.stringify({ server: { memoryMb: 64 } }),
      ...Object.fromEntries(names.map((name) => [`${name}.ts`, large])),
    },
  });
  for (const name of names) expectAnswer(await server.call(`/${name}`), { text: `${3 * 2 ** 20}` });
  const { version } = (await server.admin.function("a"))!;
  await Deno.truncate(`${server.data}/versions/home/a/${version}/snapshot.bin`, 1000);
  expectError(await server.call("/a"), "not_deployed");
  await server.answers("/a", text(`${3 * 2 ** 20}`));
});
