import assert from "node:assert/strict";
import { npmPartOf } from "./npm_lock.ts";

const shown = (lock: unknown) => JSON.parse(npmPartOf(JSON.stringify(lock)));

Deno.test("of a lock the client sees which npm versions were chosen, and what they hash to", () => {
  const lock = {
    version: "5",
    specifiers: { "npm:ms@2": "2.1.3" },
    npm: { "ms@2.1.3": { integrity: "sha512-x", dependencies: ["other"], bin: true } },
  };
  assert.deepEqual(shown(lock), lock);
});

Deno.test("nothing that names an address is left in it", () => {
  const lock = {
    version: "5",
    specifiers: { "npm:ms@2": "2.1.3", "jsr:@std/path@1": "1.0.0" },
    npm: { "ms@2.1.3": { integrity: "sha512-x", tarball: "http://127.0.0.1/x.tgz" }, "odd@1.0.0": "http://127.0.0.1/" },
    jsr: { "@std/path@1.0.0": { integrity: "x" } },
    remote: { "http://127.0.0.1/mod.ts": "hash" },
    redirects: { "http://a.test/": "http://127.0.0.1/" },
    workspace: { members: { "../x": {} } },
  };
  assert.deepEqual(shown(lock), {
    version: "5",
    specifiers: { "npm:ms@2": "2.1.3" },
    npm: { "ms@2.1.3": { integrity: "sha512-x" }, "odd@1.0.0": {} },
  });
});

Deno.test("what is no lock is refused", () => {
  for (const text of ["", "{", "[]", "null", '"x"']) assert.throws(() => npmPartOf(text), SyntaxError);
});
