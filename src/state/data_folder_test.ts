import assert from "node:assert/strict";
import { join } from "node:path";
import { OperatorError } from "../errors.ts";
import { runningServer } from "./announcement.ts";
import { DataFolder } from "./data_folder.ts";

async function withFolder(work: (path: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await work(join(parent, "a", "data"));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

const modeOf = async (path: string) => (await Deno.stat(path)).mode! & 0o777;

const operatorError = (...words: RegExp[]) => (error: unknown) => {
  assert.ok(error instanceof OperatorError, `${error}`);
  for (const word of words) assert.match(error.message, word);
  assert.notEqual(error.hint, "");
  return true;
};

Deno.test("the folder and its token are for their owner alone, also when they were open before", async () => {
  await withFolder(async (path) => {
    await (await DataFolder.open(path))[Symbol.asyncDispose]();
    assert.equal(await modeOf(path), 0o700);
    assert.equal(await modeOf(join(path, "admin-token")), 0o600);

    await Deno.chmod(path, 0o755);
    await Deno.chmod(join(path, "admin-token"), 0o644);
    await using _again = await DataFolder.open(path);
    assert.equal(await modeOf(path), 0o700);
    assert.equal(await modeOf(join(path, "admin-token")), 0o600);
  });
});

Deno.test("the token is kept across restarts, and one that is too short to be safe is made anew", async () => {
  await withFolder(async (path) => {
    const tokenOf = async () => {
      await using folder = await DataFolder.open(path);
      assert.equal(await Deno.readTextFile(join(path, "admin-token")), `${folder.adminToken}\n`);
      return folder.adminToken;
    };
    const first = await tokenOf();
    assert.ok(first.length >= 40);
    assert.equal(await tokenOf(), first);
    await Deno.writeTextFile(join(path, "admin-token"), "");
    const second = await tokenOf();
    assert.ok(second.length >= 40);
    assert.notEqual(second, first);
  });
});

Deno.test("a second server is refused by name, with the address of the first", async () => {
  await withFolder(async (path) => {
    const first = await DataFolder.open(path);
    await assert.rejects(DataFolder.open(path), operatorError(/another server is starting/));
    await first.announce("http://127.0.0.1:8123");
    await assert.rejects(
      DataFolder.open(path),
      operatorError(/127\.0\.0\.1:8123/, new RegExp(`${Deno.pid}`), /a\/data/),
    );
    await first[Symbol.asyncDispose]();
    await using _second = await DataFolder.open(path);
  });
});

Deno.test("client commands find a server only while it lives", async () => {
  await withFolder(async (path) => {
    assert.equal(await runningServer(path), null);
    const folder = await DataFolder.open(path);
    assert.equal(await runningServer(path), null);
    await folder.announce("http://127.0.0.1:8123");
    assert.deepEqual(await runningServer(path), { url: "http://127.0.0.1:8123", pid: Deno.pid });
    await folder[Symbol.asyncDispose]();
    assert.equal(await runningServer(path), null);
  });
});

Deno.test("what a killed server left is no running server, and is taken over", async () => {
  await withFolder(async (path) => {
    const script = `
      const { DataFolder } = await import(${JSON.stringify(new URL("./data_folder.ts", import.meta.url).href)});
      const folder = await DataFolder.open(${JSON.stringify(path)});
      await folder.announce("http://127.0.0.1:8123");
      console.log(folder.adminToken);
      setInterval(() => {}, 1000);`;
    const child = new Deno.Command(Deno.execPath(), { args: ["eval", script], stdout: "piped" }).spawn();
    let token = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      token = text.trim();
      assert.equal((await runningServer(path))?.pid, child.pid);
      child.kill("SIGKILL");
    }
    await child.status;
    assert.equal(await runningServer(path), null);
    await using folder = await DataFolder.open(path);
    assert.equal(folder.adminToken, token);
    await assert.rejects(Deno.stat(join(path, "server.json")), Deno.errors.NotFound);
  });
});

Deno.test("a folder of a newer format is refused by name, and stays unlocked", async () => {
  await withFolder(async (path) => {
    await Deno.mkdir(path, { recursive: true });
    await Deno.writeTextFile(join(path, "format"), "2\n");
    await assert.rejects(DataFolder.open(path), operatorError(/format is "2"/));
    await Deno.remove(join(path, "format"));
    await using _folder = await DataFolder.open(path);
    assert.equal(await Deno.readTextFile(join(path, "format")), "1\n");
  });
});

Deno.test("a file in the place of the folder is refused by name", async () => {
  await withFolder(async (path) => {
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeTextFile(path, "");
    await assert.rejects(DataFolder.open(path), operatorError(/a\/data as data folder: it is no folder/));
    await assert.rejects(DataFolder.open(join(path, "below")), operatorError(/it is no folder/));
  });
});

Deno.test("an announcement that is no JSON is none", async () => {
  await withFolder(async (path) => {
    await using _folder = await DataFolder.open(path);
    await Deno.writeTextFile(join(path, "server.json"), "{");
    assert.equal(await runningServer(path), null);
  });
});

Deno.test("a folder that holds other things is refused, and left as it is", async () => {
  await withFolder(async (path) => {
    await Deno.mkdir(path, { recursive: true, mode: 0o755 });
    await Deno.chmod(path, 0o755);
    await Deno.writeTextFile(join(path, "letter.txt"), "");
    await assert.rejects(DataFolder.open(path), operatorError(/other things, such as letter\.txt/));
    assert.equal(await modeOf(path), 0o755);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name), ["letter.txt"]);
  });
});
