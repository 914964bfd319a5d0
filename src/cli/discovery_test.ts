import assert from "node:assert/strict";
import { TempDir } from "../../tests/fakes/temp_dir.ts";
import { OperatorError } from "../errors.ts";
import { findServer } from "./discovery.ts";

/** A data folder as a running server leaves it. */
async function dataFolder(address: unknown, token = "secret"): Promise<TempDir> {
  const folder = await TempDir.make();
  await Deno.mkdir(`${folder.path}/.mayfly`);
  await Deno.writeTextFile(`${folder.path}/.mayfly/server.json`, JSON.stringify(address));
  await Deno.writeTextFile(`${folder.path}/.mayfly/admin-token`, `${token}\n`);
  return folder;
}

Deno.test("the server of the data folder is found by what it wrote there, with its token", async () => {
  await using folder = await dataFolder({ url: "http://127.0.0.1:8000/", pid: 1 });
  const found = { url: "http://127.0.0.1:8000", token: "secret" };
  assert.deepEqual(await findServer({}, { env: {}, cwd: folder.path }), found);
  assert.deepEqual(await findServer({ data: ".mayfly" }, { env: {}, cwd: folder.path }), found);
  assert.deepEqual(await findServer({ data: `${folder.path}/.mayfly` }, { env: {}, cwd: "/" }), found);
});

Deno.test("an address may be a host and a port, of any interface", async () => {
  for (const [hostname, url] of [["::1", "http://[::1]:81"], ["0.0.0.0", "http://127.0.0.1:81"]]) {
    await using folder = await dataFolder({ hostname, port: 81 });
    assert.equal((await findServer({}, { env: {}, cwd: folder.path })).url, url);
  }
});

Deno.test("--url goes before MAYFLY_URL, and that before the data folder", async () => {
  await using folder = await dataFolder({ url: "http://127.0.0.1:8000" });
  const env = { MAYFLY_URL: "http://127.0.0.2:8000" };
  assert.equal((await findServer({}, { env, cwd: folder.path })).url, env.MAYFLY_URL);
  assert.equal((await findServer({ data: ".mayfly" }, { env, cwd: folder.path })).url, env.MAYFLY_URL);
  assert.equal((await findServer({ url: "http://h:1/x" }, { env, cwd: folder.path })).url, "http://h:1");
});

Deno.test("the token of a data folder goes to its own server, or where the user says that it belongs", async () => {
  await using folder = await dataFolder({ url: "http://127.0.0.1:8000" });
  const tokenFor = async (choice: { url?: string; data?: string }, env: Record<string, string> = {}) =>
    (await findServer(choice, { env, cwd: folder.path })).token;
  assert.equal(await tokenFor({ url: "http://127.0.0.1:8000" }), "secret");
  assert.equal(await tokenFor({ url: "http://localhost:8000" }), "secret");
  assert.equal(await tokenFor({ url: "http://elsewhere.test:8000" }), null);
  assert.equal(await tokenFor({}, { MAYFLY_URL: "http://elsewhere.test:8000" }), null);
  assert.equal(await tokenFor({ url: "http://elsewhere.test:8000", data: ".mayfly" }), "secret");
  assert.equal(await tokenFor({ url: "http://elsewhere.test:8000" }, { MAYFLY_TOKEN: "theirs" }), "theirs");
});

Deno.test("no server, no address in the file, or a URL that is none, is told with what to try", async () => {
  await using nothing = await TempDir.make();
  await using nonsense = await dataFolder({ url: "nonsense" });
  await using empty = await dataFolder({});
  for (const cwd of [nothing.path, nonsense.path, empty.path]) {
    await assert.rejects(
      findServer({}, { env: {}, cwd }),
      (error) => error instanceof OperatorError && error.hint.includes("mayfly serve"),
    );
  }
  for (const url of ["nonsense", "file:///x", "localhost:8000", ""]) {
    await assert.rejects(findServer({ url }, { env: {}, cwd: "/" }), OperatorError);
  }
});
