import assert from "node:assert/strict";
import { type FolderFiles, Server } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** Everything is drawn at init as well: what a generator gave there, it may not give again. */
const DRAWS_JS = `
import { randomBytes, randomUUID } from "node:crypto";
const draw = () => ({
  math: Math.random(),
  values: [...crypto.getRandomValues(new Uint32Array(4))].join(),
  uuid: crypto.randomUUID(),
  bytes: randomBytes(16).toString("hex"),
  nodeUuid: randomUUID(),
});
const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
draw();
export default async () => {
  const fresh = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", fresh));
  return Response.json({ ...draw(), again: Math.random(), key: raw.toHex(), atMs: Date.now() });
};
`;

const DRAWS_PYTHON = `
import os, random, secrets, ssl, tempfile, time, uuid

def draw():
    return {
        "random": random.random(),
        "own": random.Random().random(),
        "bits": random.getrandbits(128),
        "system": random.SystemRandom().random(),
        "secrets": secrets.token_hex(16),
        "uuid": str(uuid.uuid4()),
        "urandom": os.urandom(16).hex(),
        "tls": ssl.RAND_bytes(16).hex(),
        "name": next(tempfile._get_candidate_names()),
    }

draw()

def handler(req):
    return {**{name: str(value) for name, value in draw().items()}, "atMs": time.time() * 1000}
`;

interface Drawn {
  readonly atMs: number;
  readonly [name: string]: string | number;
}

const REQUESTS = 1500;
const AT_ONCE = 32;

for (
  const [language, files] of Object.entries<FolderFiles>({
    JavaScript: { "@acme/draws.ts": DRAWS_JS },
    Python: { "@acme/draws.py": DRAWS_PYTHON },
  })
) {
  Deno.test({
    name: `no two of thousands of clones draw the same, over a restart too: ${language}`,
    ignore: WITHOUT_KVM,
    fn: async () => {
      await using server = await Server.start({ files });
      const starts = new Set<string>();
      const all: Drawn[] = [];
      const lane = async () => {
        let lastMs = 0;
        for (let times = 0; times < REQUESTS / AT_ONCE; times++) {
          const answer = await server.call("/@acme/draws");
          assert.equal(answer.status, 200, answer.text);
          starts.add(answer.headers.get("x-mayfly-start")!);
          const drawn = answer.json<Drawn>();
          assert.ok(drawn.atMs >= lastMs, "a clock stepped back");
          lastMs = drawn.atMs;
          all.push(drawn);
        }
      };
      const burst = () => Promise.all(Array.from({ length: AT_ONCE }, lane));
      await burst();
      await server.stop();
      await server.up();
      await burst();
      // A cold start is a clone, too.
      assert.ok(starts.has("warm") && (starts.has("clone") || starts.has("cold")), [...starts].join());
      for (const name of Object.keys(all[0]).filter((name) => name !== "atMs")) {
        assert.equal(new Set(all.map((drawn) => drawn[name])).size, all.length, name);
      }
    },
  });
}
