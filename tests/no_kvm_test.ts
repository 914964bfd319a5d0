import assert from "node:assert/strict";
import { expectAnswer, expectError, Server } from "./harness.ts";

/** A machine with this one's KVM hidden: in a namespace of its own, something else is in its place. */
const HIDING = ["unshare", "-rm", "sh", "-c", 'mount --bind /dev/null /dev/kvm && exec "$@"', "sh"];

const canHide = await (async () => {
  const [program, ...args] = [...HIDING, "true"];
  const { success } = await new Deno.Command(program, { args, stderr: "null" }).output().catch(() => ({
    success: false,
  }));
  if (!success) console.log("Tests of a machine without KVM are left out: /dev/kvm cannot be hidden here");
  return success;
})();

Deno.test({
  name: "without KVM what needs a microVM is refused with the reason, and all else is served",
  ignore: !canHide,
  fn: async () => {
    await using server = await Server.start({
      starter: HIDING,
      files: {
        "hello.ts": "export default () => new Response('hello');",
        "resize.py": "def handler(req): return 'x'",
        "sockets.ts": "import 'node:net';\nexport default () => new Response('x');",
        "@acme/score.ts": "export default () => new Response('x');",
      },
    });
    expectAnswer(await server.call("/hello"), { text: "hello" });
    for (const path of ["/resize", "/sockets", "/@acme/score"]) {
      const answer = await server.call(path);
      expectError(answer, "tier_unavailable");
      assert.match(answer.text, /cannot run here: .*\/dev\/kvm.*; mayfly doctor says what to do/i);
    }
    const info = await server.admin.function("sockets");
    assert.match(info!.error!, /^sockets\.ts:1:\d+: .*node:net needs the VM tier: a sandbox has no sockets/);
    assert.match(server.console, /@acme\/score .*\n.*\/dev\/kvm/);
  },
});
