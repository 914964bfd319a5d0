import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("./test", import.meta.url));

for (const about of ["handlers", "apps", "failures", "clones"]) {
  Deno.test(`a guest of Python's, alone: ${about}`, async () => {
    const { success, stderr } = await new Deno.Command("python3", {
      args: ["-B", `${FOLDER}/test_${about}.py`],
      stdout: "null",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  });
}
