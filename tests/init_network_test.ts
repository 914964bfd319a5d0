import assert from "node:assert/strict";
import { expectAnswer, Origin, Server } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** What a function's init has open to the network when it ends: a snapshot carries no connection. */

const NET = "127.0.0.2";

const deno = (init: string, url: string) => `
export const config = { tier: "vm", net: ["${NET}"] };
const ask = async () => (await (await fetch("${url}")).json()).url;
${init}
export default async () => new Response(before + " " + await ask());
`;

/** The proxy ends a connection after a plain request, so what is kept is a tunnel. */
const python = (init: string, port: number) => `
import http.client, json, socket, urllib.request
config = {"net": ["${NET}"]}

class Pool:
    """One connection that is kept, as urllib3 keeps those of a pool."""
    def __init__(self):
        self.connection = None

    def ask(self):
        if self.connection is None or self.is_dropped():
            self.connection = http.client.HTTPConnection("127.0.0.1", 3128)
            self.connection.set_tunnel("${NET}", ${port})
        self.connection.request("GET", "/echo")
        return json.loads(self.connection.getresponse().read())["url"]

    def is_dropped(self):
        self.connection.sock.setblocking(False)
        try:
            return self.connection.sock.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        finally:
            self.connection.sock.setblocking(True)

pool = Pool()
${init}

def handler(req):
    return before + " " + pool.ask()
`;

const vm = { ignore: WITHOUT_KVM };

Deno.test("a connection that a pool keeps ends with init, and requests make one of their own", vm, async () => {
  await using origin = await Origin.start("0.0.0.0");
  const url = `http://${NET}:${origin.port}/echo`;
  await using server = await Server.start({
    files: {
      "fetched.ts": deno("const before = await ask();", url),
      "pooled.py": python("before = pool.ask()", origin.port),
      "opened.py": python(`before = json.loads(urllib.request.urlopen("${url}").read())["url"]`, origin.port),
    },
  });
  for (const name of ["fetched", "pooled", "opened"]) {
    for (let times = 0; times < 3; times++) {
      expectAnswer(await server.call(`/${name}`), { text: "/echo /echo" });
    }
  }
});

Deno.test(
  "a request over the network that is not answered when init ends fails the deploy, which says so",
  vm,
  async () => {
    await using origin = await Origin.start("0.0.0.0");
    const never = `http://${NET}:${origin.port}/never`;
    const asked = `GET ${never} HTTP/1.1\\r\\nhost: ${NET}\\r\\n\\r\\n`;
    await using server = await Server.start({
      files: {
        "begun.ts": deno(`const before = "";\nconst later = fetch("${never}").then(() => {}, () => {});`, never),
        "sent.py": python(
          `kept = socket.create_connection(("127.0.0.1", 3128))\nkept.sendall(b"${asked}")\nbefore = ""`,
          origin.port,
        ),
      },
    });
    for (const name of ["begun", "sent"]) {
      assert.match((await server.admin.function(name))!.error!, /opened at init still waits for an answer/, name);
    }
  },
);
