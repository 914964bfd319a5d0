import assert from "node:assert/strict";
import { expectAnswer, folderFiles, sharedServer } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** What an unmodified server of a tenant finds in its microVM, and what it does not. */

const shared = sharedServer({
  files: WITHOUT_KVM ? {} : {
    "@acme/shop/app.py": folderFiles("functions/native")["world.py"],
    "@acme/shop/data/prices.txt": "1",
    "@acme/shop/.env": "hidden",
    "@acme/other.txt": "of the tenant, not of the function",
    "@acme/mayfly.json": JSON.stringify({
      functions: { shop: { run: ["python3", "app.py"], env: { OWN: "1" } } },
    }),
  },
});

Deno.test(
  { name: "a tenant's server finds its own files and what is usual, and nothing else", ignore: WITHOUT_KVM },
  async () => {
    for (let i = 0; i < 2; i++) {
      const answer = await shared.server.call("/@acme/shop/any/path");
      expectAnswer(answer, {});
      const { fork, private: refused, write, tmp, ...found } = answer.json<Record<string, string | null>>();
      assert.match(fork!, /temporarily unavailable/);
      assert.match(refused!, /403.*10\.0\.0\.1 is not on the public internet/);
      // A new file is new in each clone, also when another one has made it.
      assert.deepEqual([write, tmp], [null, null]);
      assert.deepEqual(found, {
        environment: [
          ...["HOME", "HTTPS_PROXY", "HTTP_PROXY", "LANG", "NO_PROXY", "OWN", "PATH", "PORT"],
          ...[
            "PYTHONDONTWRITEBYTECODE",
            "PYTHONPATH",
            "PYTHONUNBUFFERED",
            "TZ",
            "http_proxy",
            "https_proxy",
            "no_proxy",
          ],
        ],
        folder: ["/function/shop", "app.py", "data"],
        root: ["shop"],
        accounts: ["root", "mayfly", "nobody"],
        met: ["a thread"],
      });
    }
  },
);
