import assert from "node:assert/strict";
import { LineQueue } from "./line_queue.ts";

/** An output whose reader can pause. */
class PausedOutput {
  text = "";
  #mayWrite = Promise.withResolvers<void>();

  async write(bytes: Uint8Array): Promise<number> {
    await this.#mayWrite.promise;
    // Short writes happen.
    const taken = bytes.subarray(0, 1000);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }

  resume(): void {
    this.#mayWrite.resolve();
  }
}

Deno.test("lines come out whole and in order, also those that were added during a write", async () => {
  const output = new PausedOutput();
  const queue = new LineQueue(output);
  const lines = Array.from({ length: 500 }, (_, n) => `line ${n}`);
  for (const line of lines) queue.add(line);
  output.resume();
  await queue.flush();
  queue.add("last");
  await queue.flush();
  assert.equal(output.text, [...lines, "last", ""].join("\n"));
});

Deno.test("a reader that does not read costs a bounded number of lines, and is told what it missed", async () => {
  const output = new PausedOutput();
  const queue = new LineQueue(output);
  queue.add("first");
  for (let n = 0; n < 5000; n++) queue.add(`${n}`);
  output.resume();
  await queue.flush();
  const lines = output.text.trimEnd().split("\n");
  assert.deepEqual([lines.length, lines[0], lines[1]], [1002, "first", "0"]);
  assert.equal(lines.at(-1), "… and 4000 lines that nobody read in time");
});

Deno.test("flush does not wait for a reader that never reads", async () => {
  const queue = new LineQueue(new PausedOutput());
  queue.add("x");
  await queue.flush();
});

Deno.test("an output that has gone away is left alone", async () => {
  let writes = 0;
  const queue = new LineQueue({
    write: () => {
      writes++;
      return Promise.reject(new Deno.errors.BrokenPipe());
    },
  });
  queue.add("x");
  await queue.flush();
  queue.add("y");
  await queue.flush();
  assert.equal(writes, 1);
});
