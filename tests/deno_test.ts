import assert from "node:assert/strict";
import { Origin, Server, sharedServer } from "./harness.ts";
import { WITHOUT_KVM as ignore } from "./harness/vm.ts";

const pem = (name: string) => Deno.readTextFileSync(new URL(`./certificates/${name}`, import.meta.url));

/** What a function of another tenant can do that one of the Wasm tier cannot, or does otherwise. */
const abilities: Readonly<Record<string, string>> = {
  "WebAssembly": `const bytes = Uint8Array.fromBase64("AGFzbQEAAAABBQFgAAF/AwIBAAcFAQFmAAAKBgEEAEEqCw==");
    return (await WebAssembly.instantiate(bytes)).instance.exports.f() === 42`,
  "Intl":
    `return new Intl.PluralRules("ar").select(3) === "few" && new Intl.DisplayNames("de", { type: "region" }).of("FR") === "Frankreich"`,
  "WebCrypto":
    `const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
    const iv = new Uint8Array(12), text = new TextEncoder().encode("secret");
    const hidden = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text);
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, hidden)) === "secret"`,
  "node:fs and node:path": `const { writeFileSync, readFileSync } = await import("node:fs");
    writeFileSync("/tmp/x", "written"); return readFileSync("/tmp/x", "utf8") === "written"`,
  "files of its own in memory": `const path = await Deno.makeTempFile(); await Deno.writeTextFile(path, "mine");
    return await Deno.readTextFile(path) === "mine"`,
  "node:zlib":
    `const { gzipSync, gunzipSync } = await import("node:zlib"); return gunzipSync(gzipSync("text")).toString() === "text"`,
  "node:worker_threads' structuredClone": `return structuredClone(new Map([[1, { a: 2 }]])).get(1).a === 2`,
  "servers within itself": `const { promise, resolve } = Promise.withResolvers();
    const { createServer } = await import("node:http");
    const server = createServer((_, response) => response.end("inside")).listen(0, "127.0.0.1", resolve);
    await promise; return await (await fetch("http://127.0.0.1:" + server.address().port)).text() === "inside"`,
  "workers": `const code = "onmessage = ({ data }) => postMessage(data * 2)";
    const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
    const answer = new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
    worker.postMessage(21); return await answer === 42`,
  "compression": `const stream = new Blob(["text"]).stream().pipeThrough(new CompressionStream("gzip"));
    return await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).text() === "text"`,
  "asynchronous context":
    `const { AsyncLocalStorage } = await import("node:async_hooks"); const store = new AsyncLocalStorage();
    return await store.run(7, async () => { await new Promise((r) => setTimeout(r, 1)); return store.getStore() }) === 7`,
  "the clock": `const before = performance.now(); await new Promise((r) => setTimeout(r, 5));
    return performance.now() - before >= 4 && Math.abs(Date.now() - Number(new URL(req.url).searchParams.get("now"))) < 60_000`,
  "no environment but its own":
    `return Deno.env.get("MAYFLY_TOKEN") === undefined && Deno.env.get("DENO_DIR") === undefined && process.env.OWN === "1"`,
};

const able = `const abilities = {
${Object.entries(abilities).map(([name, code]) => `${JSON.stringify(name)}: async (req) => { ${code} },`).join("\n")}
};
export default async (req) => Response.json(await abilities[new URL(req.url).searchParams.get("can")](req));
`;

const files = {
  "@acme/able.ts": `// @ts-nocheck\n${able}`,
  "@acme/serves.ts": `Deno.serve((req) => new Response(new URL(req.url).pathname));`,
  "@acme/aws.ts":
    `export const handler = async (event) => ({ statusCode: 201, body: event.requestContext.http.method });`,
  "@acme/[id].ts": `export default (_: Request, ctx: { params: Record<string, string> }) => Response.json(ctx.params);`,
  "@acme/report/main.ts": `const own = await Deno.readTextFile(new URL("./data.csv", import.meta.url));
    export default async () => new Response(own + await Deno.readTextFile("data.csv") + await Deno.readTextFile("sub/more.txt"));`,
  "@acme/report/data.csv": "a,b\n",
  "@acme/report/sub/more.txt": "more",
  "@acme/broken.ts":
    `export default () => {\n  const user: { name?: { length: number } } = {};\n  return new Response(\`\${user.name!.length}\`);\n};\n`,
  "@acme/draws.ts": `import { generateKeyPair, randomInt } from "node:crypto";
    import { promisify } from "node:util";
    const key = async () => (await promisify(generateKeyPair)("ed25519")).publicKey.export({ format: "jwk" }).x;
    await Promise.all([key(), key(), crypto.subtle.generateKey("Ed25519", true, ["sign"])]);
    randomInt(9); Math.random(); crypto.randomUUID();
    export default async () => Response.json([Math.random(), crypto.randomUUID(), randomInt(2 ** 40), await key(),
      (await crypto.subtle.exportKey("jwk", (await crypto.subtle.generateKey("Ed25519", true, ["sign"])).publicKey)).x]);`,
  "@acme/mayfly.json": JSON.stringify({ env: { OWN: "1" } }),
  "many.ts": `export const config = { tier: "vm", net: ["127.0.0.2"] };
    const textOf = async (url, options) => await (await fetch(url, options)).text();
    export default {
      async fetch(req) {
        const origin = new URL(req.url).searchParams.get("origin");
        const asked = Array.from({ length: 16 }, (_, n) => textOf(origin + "/together/" + n));
        const stop = new AbortController();
        const held = textOf(origin + "/held", { signal: stop.signal }).catch(({ name }) => name);
        await textOf(origin + "/is-held");
        stop.abort();
        return Response.json([await Promise.all(asked), await held, await textOf(origin + "/is-left")]);
      },
    };`,
  "crowd.ts": `export const config = { tier: "vm", net: ["127.0.0.2"] };
    export default async (req) => {
      const { origin, count } = Object.fromEntries(new URL(req.url).searchParams);
      const asked = Array.from({ length: Number(count) }, async (_, n) => (await fetch(origin + "/" + n)).text());
      return Response.json(await Promise.all(asked));
    };`,
  "own_authority.ts": `export const config = { tier: "vm", net: ["localhost"], env: { NO_PROXY: "", no_proxy: "" } };
    const heard = async (url, client) => {
      const { promise, resolve } = Promise.withResolvers();
      const socket = new WebSocket(url, { client });
      socket.onopen = () => socket.send("hello");
      socket.onmessage = ({ data }) => { resolve(data); socket.close(); };
      socket.onerror = ({ message }) => resolve(message);
      return await promise;
    };
    export default async (req) => {
      const { host, trust } = Object.fromEntries(new URL(req.url).searchParams);
      const client = Deno.createHttpClient({ caCerts: [trust] });
      const text = await (await fetch("https://" + host, { client })).text();
      return Response.json([text, await heard("wss://" + host, client)]);
    };`,
  "chats.ts": `export const config = { tier: "vm", net: ["127.0.0.2"] };
    export default async (req) => {
      const { promise, resolve } = Promise.withResolvers();
      const socket = new WebSocket(new URL(req.url).searchParams.get("url"), ["talk"]);
      const heard = [];
      socket.onopen = () => { heard.push(socket.protocol); socket.send("one"); };
      socket.onmessage = ({ data }) => heard.push(data.length) < 3 ? socket.send("x".repeat(300_000)) : socket.close(3000);
      socket.onerror = ({ message }) => heard.push(message);
      socket.onclose = ({ code }) => resolve([...heard, code]);
      return Response.json(await promise);
    };`,
  "reach.ts": `export const config = { tier: "vm", net: ["127.0.0.2"] };
    export default async (req) => {
      const { url, trust } = Object.fromEntries(new URL(req.url).searchParams);
      const proxy = { url: "http://127.0.0.1:3128" };
      const client = trust ? Deno.createHttpClient({ caCerts: [trust], proxy }) : undefined;
      try { return new Response(await (await fetch(url, { client })).text()); }
      catch (error) { return new Response(String(error) + (error.cause ?? ""), { status: 599 }); }
    };`,
};

const shared = ignore ? null : sharedServer({ files });
const server = (): Server => shared!.server;
const vm = { ignore };

for (const name of Object.keys(abilities)) {
  Deno.test(`a function in a microVM has what Deno has: ${name}`, vm, async () => {
    const query = new URLSearchParams({ can: name, now: `${Date.now()}` });
    const { status, text } = await server().call(`/@acme/able?${query}`);
    assert.deepEqual([status, text], [200, "true"]);
  });
}

Deno.test("handlers of all kinds answer in a microVM", vm, async () => {
  assert.equal((await server().call("/@acme/serves/a/b")).text, "/a/b");
  const { status, text } = await server().call("/@acme/aws", { method: "POST" });
  assert.deepEqual([status, text], [201, "POST"]);
  assert.equal((await server().call("/@acme/x%20y")).text, '{"id":"x y"}');
});

Deno.test("a function in a folder finds its own files where it is", vm, async () => {
  assert.equal((await server().call("/@acme/report")).text, "a,b\na,b\nmore");
});

Deno.test("an error names the line of the user's file", vm, async () => {
  assert.equal((await server().call("/@acme/broken")).status, 500);
  const lines = await server().admin.logs("@acme/broken");
  assert.ok(lines.some(({ text }) => /TypeError: [^]*broken\.ts:3:\d+/.test(text)), JSON.stringify(lines));
});

Deno.test("what a function draws is its own in every clone, whatever it drew before its snapshot", vm, async () => {
  const answers = await Promise.all(Array.from({ length: 100 }, () => server().call("/@acme/draws")));
  const drawn = answers.map(({ text }) => JSON.parse(text) as unknown[]);
  for (const at of drawn[0].keys()) {
    assert.equal(new Set(drawn.map((one) => one[at])).size, 100, `what is drawn at ${at}`);
  }
});

Deno.test("fetch leaves a microVM by the proxy alone, and only where the function may go", vm, async () => {
  await using origin = await Origin.start("0.0.0.0");
  const reach = async (url: string) => (await server().call(`/reach?${new URLSearchParams({ url })}`)).text;
  assert.equal(JSON.parse(await reach(`http://127.0.0.2:${origin.port}/echo`)).url, "/echo");
  assert.match(await reach(`http://127.0.0.3:${origin.port}/echo`), /127.0.0.3:\d+ is not in the function's "net"/);
  // Its own loopback: nothing listens there.
  assert.match(await reach(`http://127.0.0.1:${origin.port}/echo`), /Connection refused/);
  assert.equal(origin.requests.length, 1);
});

Deno.test("TLS ends in the microVM, which believes in its own roots", vm, async () => {
  const options = { cert: pem("localhost.pem"), key: pem("localhost.key"), hostname: "0.0.0.0", port: 0 };
  await using origin = Deno.serve({ ...options, onListen() {} }, ({ url }) => new Response(new URL(url).protocol));
  const reach = async (host: string, trust = "") => {
    const query = new URLSearchParams({ url: `https://${host}:${origin.addr.port}/`, trust });
    return (await server().call(`/reach?${query}`)).text;
  };
  assert.match(await reach("127.0.0.2"), /invalid peer certificate/);
  assert.match(await reach("127.0.0.2", pem("authority.pem")), /NotValidForName|not valid for name/);
});

Deno.test("a request may fetch many at once, and stop one of them", vm, async () => {
  const [held, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let came = 0;
  const answers: Readonly<Record<string, (request: Request) => Promise<unknown>>> = {
    together: () => Promise.resolve(came++),
    held: async ({ signal }) => {
      signal.addEventListener("abort", () => left.resolve());
      held.resolve();
      await left.promise;
    },
    "is-held": () => held.promise,
    "is-left": () => left.promise,
  };
  await using origin = Deno.serve({ hostname: "0.0.0.0", port: 0, onListen() {} }, async (request) => {
    const [, what, rest = ""] = new URL(request.url).pathname.split("/");
    await answers[what](request);
    return new Response(rest);
  });
  const query = new URLSearchParams({ origin: `http://127.0.0.2:${origin.addr.port}` });
  const { text } = await server().call(`/many?${query}`);
  assert.deepEqual(JSON.parse(text), [Array.from({ length: 16 }, (_, n) => `${n}`), "AbortError", ""]);
  assert.equal(came, 16);
});

Deno.test("a request's fetches beyond those that go at once wait for these, and none fails", vm, async () => {
  const [atOnce, all] = [48, Promise.withResolvers<void>()];
  let [now, most] = [0, 0];
  await using origin = Deno.serve({ hostname: "0.0.0.0", port: 0, onListen() {} }, async ({ url }) => {
    most = Math.max(most, ++now);
    if (now === atOnce) all.resolve();
    await all.promise;
    now--;
    return new Response(new URL(url).pathname);
  });
  for (const count of [50, 200]) {
    const query = new URLSearchParams({ origin: `http://127.0.0.2:${origin.addr.port}`, count: `${count}` });
    const { text } = await server().call(`/crowd?${query}`);
    assert.deepEqual(JSON.parse(text), Array.from({ length: count }, (_, n) => `/${n}`));
  }
  assert.equal(most, atOnce);
});

const echoes = (request: Request): Response => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("no WebSocket");
  const { socket, response } = Deno.upgradeWebSocket(request, {
    protocol: request.headers.get("sec-websocket-protocol")!,
  });
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
};

Deno.test("a WebSocket leaves a microVM by the proxy, and only where the function may go", vm, async () => {
  await using origin = Deno.serve({ hostname: "0.0.0.0", port: 0, onListen() {} }, echoes);
  const chat = async (host: string) => {
    const query = new URLSearchParams({ url: `ws://${host}:${origin.addr.port}/` });
    return JSON.parse((await server().call(`/chats?${query}`)).text);
  };
  assert.deepEqual(await chat("127.0.0.2"), ["talk", 3, 300_000, 3000]);
  assert.match((await chat("127.0.0.3"))[0], /403/);
});

Deno.test("a function brings an authority of its own, for fetch and for WebSockets", vm, async () => {
  const options = { cert: pem("localhost.pem"), key: pem("localhost.key"), hostname: "127.0.0.1", port: 0 };
  await using origin = Deno.serve({ ...options, onListen() {} }, echoes);
  const query = new URLSearchParams({ host: `localhost:${origin.addr.port}`, trust: pem("authority.pem") });
  const { text } = await server().call(`/own_authority?${query}`);
  assert.deepEqual(JSON.parse(text), ["no WebSocket", "hello"]);
});
