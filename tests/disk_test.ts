import assert from "node:assert/strict";
import { MiB } from "../src/limits.ts";
import { diskBytes } from "../src/state/disk_bytes.ts";
import { Server, until } from "./harness.ts";

const DISK_MB = 5;
const VICTIM_VERSIONS = ["one", "two", "three"];

const says = (text: string) => `export default () => new Response(${JSON.stringify(text)});\n`;

Deno.test("a tenant's sparse files take no more of the disk than its diskMb, and nothing of anybody's versions", async () => {
  await using server = await Server.start({
    files: {
      "mayfly.json": JSON.stringify({ server: { dataMb: 100 }, tenants: { evil: { diskMb: DISK_MB } } }),
      "victim.ts": says("zero"),
    },
  });
  for (const text of VICTIM_VERSIONS) {
    await server.drop({ "victim.ts": says(text) });
    await server.answers("/victim", (answer) => answer.text === text);
  }
  const versions = async () => (await (await server.admin.get("/functions/victim/versions")).json()).length;
  assert.equal(await versions(), 1 + VICTIM_VERSIONS.length);

  await Deno.mkdir(`${server.functions}/@evil/_big`, { recursive: true });
  for (const at of [1, 2, 3, 4, 5]) {
    const path = `${server.functions}/@evil/_big/b${at}`;
    await Deno.writeFile(path, new Uint8Array());
    await Deno.truncate(path, 60 * MiB);
  }
  const problem = await until("the files are refused by name", async () => {
    const problems = await (await server.admin.get("/problems")).json() as string[];
    return problems.find((text) => text.startsWith("@evil/_big/b5: ")) ?? null;
  });
  assert.match(problem, /the files and versions of @evil would take more than diskMb 5$/);
  assert.ok(await diskBytes(`${server.data}/mirror/evil`) <= DISK_MB * MiB);

  await server.drop({ "victim.ts": says("and on") });
  await server.answers("/victim", (answer) => answer.text === "and on");
  assert.equal(await versions(), 2 + VICTIM_VERSIONS.length);

  await server.drop({
    "mayfly.json": JSON.stringify({ server: { dataMb: 100 }, tenants: { evil: { diskMb: 65 } } }),
  });
  await until("one of them fits", async () => (await diskBytes(`${server.data}/mirror/evil`)) >= 60 * MiB || null);
});
