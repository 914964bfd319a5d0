import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { MiB } from "../../limits.ts";
import { FetchHost } from "./fetch_host.ts";
import { Guest } from "../../../tests/fakes/fetch_guest.ts";

function newHost(clock: Clock): FetchHost & Disposable {
  const host = new FetchHost({ clock, ownAddresses: () => [] });
  return Object.assign(host, { [Symbol.dispose]: () => host.close() });
}

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** A server that says `begin` to whoever asks, and then `again` for as long as anybody listens. */
function startEndless(begin: string, again: string): { readonly port: number; sentBytes: number } & AsyncDisposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (connection: Deno.Conn) => {
    using _ = connection;
    await connection.read(new Uint8Array(4096));
    await connection.write(latin1(begin));
    const piece = latin1(again.repeat(Math.ceil(32_768 / again.length)));
    for (;;) peer.sentBytes += await connection.write(piece);
  };
  const served = (async () => {
    for await (const connection of listener) await serve(connection).catch(() => {});
  })();
  const close = async () => {
    listener.close();
    await served;
  };
  const peer = { port: listener.addr.port, sentBytes: 0, [Symbol.asyncDispose]: close };
  return peer;
}

const chunkedHead = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const gzipHead = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03";
const ENDLESS: Readonly<Record<string, readonly [begin: string, again: string]>> = {
  "interim answers": ["", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"],
  "an extension of a chunk": [`${chunkedHead}1;`, "aaaa"],
  "empty blocks of gzip": [gzipHead, "\0\0\0\xff\xff"],
};
for (const [what, [begin, again]] of Object.entries(ENDLESS)) {
  Deno.test(`a server that sends nothing but ${what} is cut off`, async () => {
    await using peer = startEndless(begin, again);
    using host = newHost({ now: () => 0, monotonic: () => 0 });
    using guest = new Guest(host);
    const readOn = async () => {
      await guest.open(`http://127.0.0.1:${peer.port}/`);
      await guest.read();
    };
    await assert.rejects(readOn(), /the server sends .* without end/);
    assert.equal(host.open, 0);
  });
}

Deno.test("a body in chunks of one byte costs the function what it costs the server", async () => {
  await using peer = startEndless(chunkedHead, "1\r\nx\r\n");
  let reads = 0;
  using host = newHost({ now: () => 0, monotonic: () => ++reads });
  using guest = new Guest(host);
  await guest.open(`http://127.0.0.1:${peer.port}/`);
  const { body } = await guest.read();
  assert.ok(body.length > 1000, "they come together");
  const before = guest.chargedMs;
  assert.ok(before > 0);
  for (let n = 0; n < 10; n++) await guest.read();
  assert.ok(guest.chargedMs > before);
});

Deno.test("what a guest does not read of a response stays with the server that sends it", async () => {
  await using peer = startEndless("HTTP/1.1 200 OK\r\n\r\n", "x");
  using host = newHost({ now: () => 0, monotonic: () => 0 });
  using guest = new Guest(host);
  await guest.open(`http://127.0.0.1:${peer.port}/`);
  let sent = 0;
  for (let turnsWithoutMore = 0; turnsWithoutMore < 1000; turnsWithoutMore++) {
    await setImmediate();
    if (peer.sentBytes > sent) turnsWithoutMore = 0;
    sent = peer.sentBytes;
    // Most of it is in the kernel.
    assert.ok(sent < 32 * MiB, `${sent} bytes were taken of the server`);
  }
  for (let read = 0; read < 2 * sent;) read += (await guest.read()).body.length;
});

Deno.test("others have their turn between the pieces that a fast server sends", async () => {
  await using peer = startEndless(chunkedHead, "1\r\nx\r\n");
  let reads = 0;
  using host = newHost({ now: () => 0, monotonic: () => ++reads });
  using guest = new Guest(host);
  await guest.open(`http://127.0.0.1:${peer.port}/`);
  const readOn = (async () => {
    for (;;) await guest.read();
  })().catch(() => {});
  for (let turn = 0; turn < 50; turn++) {
    const before = reads;
    await setImmediate();
    assert.ok(reads - before <= 4, `${reads - before} readings of the clock in one turn`);
  }
  guest.session.close();
  await readOn;
});
