import assert from "node:assert/strict";
import { expectAnswer, type FolderFiles, folderFiles, sharedServer } from "./harness.ts";
import { goProgram } from "./harness/go_program.ts";
import { has, WITHOUT_KVM } from "./harness/vm.ts";

/** Clones of one process have its generators in their memory: no two of them may draw the same. */

const written = folderFiles("functions/native");
const files: Record<string, FolderFiles[string]> = { "python/app.py": written["random.py"] };
const names = ["python"];
if (await has(["node", "--version"])) {
  names.push("node");
  files["node/app.mjs"] = written["random.js"];
}
if (await has(["go", "version"])) {
  names.push("go");
  if (!WITHOUT_KVM) files["go/server"] = await goProgram("native/random.go");
}

const shared = sharedServer({
  files: WITHOUT_KVM ? {} : {
    ...files,
    "mayfly.json": JSON.stringify({
      functions: {
        python: { run: ["python3", "app.py"], warmup: ["/"] },
        node: { run: ["node", "app.mjs"], warmup: ["/"] },
      },
    }),
  },
});

for (const name of names) {
  Deno.test({ name: `${name}: what a clone draws no other clone draws`, ignore: WITHOUT_KVM }, async () => {
    const drawn: unknown[][] = [];
    for (let i = 0; i < 12; i++) {
      const answer = await shared.server.call(`/${name}`);
      expectAnswer(answer, {});
      drawn.push(answer.json<unknown[]>());
    }
    const ways = drawn[0].map((_, way) => new Set(drawn.map((values) => values[way])).size);
    assert.deepEqual(ways, drawn[0].map(() => drawn.length));
  });
}
