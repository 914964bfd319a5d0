import assert from "node:assert/strict";
import { FolderBound, FolderFull } from "./folder_bound.ts";

Deno.test("who writes more into a folder than there may be is aborted", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-bound-" });
  using bound = new FolderBound(folder, 20_000);
  await Deno.mkdir(`${folder}/deep`);
  await Deno.writeTextFile(`${folder}/deep/a`, "a".repeat(10_000));
  await bound.check();
  const aborted = new Promise<void>((resolve) => bound.signal.addEventListener("abort", () => resolve()));
  await Deno.writeTextFile(`${folder}/b`, "b".repeat(10_000));
  await aborted;
  await assert.rejects(bound.check(), FolderFull);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("files that are empty are too many at some time", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-bound-" });
  using bound = new FolderBound(folder, 20_000);
  await Promise.all([1, 2, 3, 4].map((name) => Deno.writeTextFile(`${folder}/${name}`, "")));
  await bound.check();
  await Deno.mkdir(`${folder}/5`);
  await assert.rejects(bound.check(), FolderFull);
  await Deno.remove(folder, { recursive: true });
});
