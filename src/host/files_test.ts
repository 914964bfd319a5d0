import assert from "node:assert/strict";
import { HOME } from "../types.ts";
import { filesHost } from "./files.ts";
import type { HostSession, OwnFiles } from "./host.ts";
import { FileOperation } from "./operations.ts";

const FILES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "data.csv": new TextEncoder().encode("a,b\n"),
  "large.bin": Uint8Array.from({ length: 150_000 }, (_, i) => i),
  "empty": new Uint8Array(0),
};

const pack: OwnFiles = {
  size: (path) => Object.hasOwn(FILES, path) ? FILES[path].length : null,
  read: (path, from, length) => Promise.resolve(FILES[path].subarray(from, from + length)),
};

function session(files?: OwnFiles): HostSession {
  const charge = () => {};
  const caller = { function: { tenant: HOME, name: "f" }, net: "none", requestId: "r", deadlineMs: 0, charge } as const;
  return filesHost(files ? { ...caller, files: () => Promise.resolve(files) } : caller);
}

function read(path: string, from = 0): Promise<Uint8Array> {
  const name = new TextEncoder().encode(path);
  const argument = new Uint8Array(4 + name.length);
  new DataView(argument.buffer).setUint32(0, from, true);
  argument.set(name, 4);
  return session(pack).call(FileOperation.READ, argument);
}

Deno.test("a file is read in pieces that fit an answer, each with the length of the whole", async () => {
  const large = FILES["large.bin"];
  const parts: number[] = [];
  while (parts.length < large.length) {
    const answer = await read("large.bin", parts.length);
    assert.ok(answer.length <= 65_536);
    assert.equal(new DataView(answer.buffer).getUint32(0, true), large.length);
    parts.push(...answer.subarray(4));
  }
  assert.deepEqual(Uint8Array.from(parts), large);
  assert.equal((await read("empty")).length, 4);
});

Deno.test("what is no file of the function's is nothing, whatever its path says", async () => {
  const paths = ["nothing", "../data.csv", "/data.csv", "./data.csv", "", "data.csv\0", "__proto__", "/etc/hostname"];
  for (const path of paths) assert.equal((await read(path)).length, 0, path);
  assert.equal((await session().call(FileOperation.READ, Uint8Array.of(0, 0, 0, 0, 97))).length, 0);
});

Deno.test("an offset behind the end reads nothing", async () => {
  assert.equal((await read("data.csv", 2 ** 32 - 1)).length, 4);
});

Deno.test("nonsense is refused", async () => {
  await assert.rejects(session(pack).call(FileOperation.READ, new Uint8Array(3)), /its path is missing or too long/);
  await assert.rejects(session(pack).call(FileOperation.READ, new Uint8Array(9000)), /too long/);
  await assert.rejects(session(pack).call(FileOperation.READ + 1, new Uint8Array(9)), /there is none of that number/);
});
