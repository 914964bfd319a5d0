import assert from "node:assert/strict";
import { FolderBound, FolderFull } from "./folder_bound.ts";

Deno.test("who writes more into a folder than there may be is aborted", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mayfly-bound-" });
  using bound = new FolderBound(folder, 10);
  await Deno.mkdir(`${folder}/deep`);
  await Deno.writeTextFile(`${folder}/deep/a`, "12345");
  await bound.check();
  const aborted = new Promise<void>((resolve) => bound.signal.addEventListener("abort", () => resolve()));
  await Deno.writeTextFile(`${folder}/b`, "678901");
  await aborted;
  await assert.rejects(bound.check(), FolderFull);
  await Deno.remove(folder, { recursive: true });
});
