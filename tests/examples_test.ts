import assert from "node:assert/strict";
import { expectAnswer, type Expectation, folderFiles, sharedServer } from "./harness.ts";
import { WITHOUT_KVM } from "./harness/vm.ts";

/** The functions that a new user starts with do what their comments say. */
const shared = sharedServer({ files: folderFiles("../functions") });

const examples: readonly [path: string, expected: Expectation][] = [
  ["/", { text: /<h1>Mayfly<\/h1>[\s\S]*href="\/hello\?name=you"/, headers: { "content-type": /^text\/html/ } }],
  ["/hello", { text: "Hello, world!\n" }],
  ["/hello?name=you", { text: "Hello, you!\n" }],
  ["/api/users", { text: /Ada Lovelace.*Grace Hopper/ }],
  ["/api/2", { json: { id: "2", name: "Grace Hopper" } }],
  ["/api/99", { status: 404, json: { message: "No user 99" } }],
  ["/files/a/b/c", { text: "You asked for a/b/c\n" }],
  ["/notes", { text: /GET \/notes/ }],
  ["/notes/first", { text: "The note called first\n" }],
  ["/lambda?x=1", {
    json: { method: "GET", path: "/lambda", query: { x: "1" } },
    headers: { "set-cookie": /seen=yes/ },
  }],
  ["/ticker", {
    text: "event: tick\ndata: 1\n\nevent: tick\ndata: 2\n\nevent: tick\ndata: 3\n\n",
    headers: { "content-type": "text/event-stream" },
  }],
];

for (const [path, expected] of examples) {
  Deno.test(`the example at ${path} answers`, async () => {
    expectAnswer(await shared.server.call(path), expected);
  });
}

const inMicroVms: readonly [path: string, expected: Expectation][] = [
  ["/resize?width=16", { text: /^.PNG/s, headers: { "content-type": "image/png" } }],
  ["/resize?width=x", { status: 400, text: "width has to be from 8 to 1024\n" }],
  ["/@acme/score", { json: { mean: 50, deviation: 20 } }],
  ["/@acme/shop", { json: { egg: 3, nymph: 12, imago: 40 } }],
  ["/@acme/shop/egg", { json: { name: "egg", price: 3, sold: 1 } }],
  ["/@acme/shop/frog", { status: 404, json: { message: "No frog here" } }],
];

for (const [path, expected] of inMicroVms) {
  Deno.test({
    name: `the example at ${path} answers, each time as the first`,
    ignore: WITHOUT_KVM,
    fn: async () => {
      for (let times = 0; times < 3; times++) expectAnswer(await shared.server.call(path), expected);
    },
  });
}

Deno.test("the examples that take a body answer", async () => {
  const { server } = shared;
  const body = JSON.stringify({ title: "A First Note!" });
  expectAnswer(await server.call("/notes", { method: "POST", body }), { status: 201, json: { slug: "a-first-note-" } });
  expectAnswer(await server.call("/echo", { method: "POST", body, headers: { "content-type": "application/json" } }), {
    text: body,
    headers: { "content-type": "application/json" },
  });
  assert.equal((await server.call("/api/users", { method: "DELETE" })).status, 405);
});

Deno.test("an example that is sent what it cannot read says so", async () => {
  for (const body of ["{", "", "null", "{}", `{"title":7}`]) {
    expectAnswer(await shared.server.call("/notes", { method: "POST", body }), { status: 400, text: /title/ });
  }
});

Deno.test("the landing page links to nothing that is not there", async () => {
  const { server } = shared;
  const { text } = await server.call("/");
  const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, link]) => link);
  assert.ok(links.length > 5);
  const isHere = (link: string) =>
    !WITHOUT_KVM || !inMicroVms.some(([path]) => path.split("?")[0] === link.split("?")[0]);
  for (const link of links.filter(isHere)) assert.ok((await server.call(link)).status < 400, link);
});
