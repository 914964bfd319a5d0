import assert from "node:assert/strict";
import { folderFiles, Origin, sharedServer } from "./harness.ts";
import { cases } from "./functions/fetch/_cases.ts";

const shared = sharedServer({ files: folderFiles("functions/fetch") });

for (const [name, run] of Object.entries(cases)) {
  Deno.test(`fetch answers as plain Deno does: ${name}`, async () => {
    await using origin = await Origin.start();
    const inDeno = JSON.stringify(await run(origin.url)) ?? "nothing";
    const { server } = shared;
    const query = new URLSearchParams({ case: name, origin: origin.url });
    const answer = await server.call(`/cases?${query}`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, inDeno);
  });
}
