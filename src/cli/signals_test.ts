import assert from "node:assert/strict";

/** Sends SIGTERM when the program listens, `second` when it says that it heard, and kills it if it is told of that too. */
async function ended(second: Deno.Signal, sameSignalMs: number): Promise<{ said: string; code: number }> {
  const program = `
    import { firstSignal } from ${JSON.stringify(import.meta.resolve("./signals.ts"))};
    const signal = firstSignal(${sameSignalMs});
    console.log("listening");
    await signal;
    Deno.addSignalListener(${JSON.stringify(second)}, () => console.log("again"));
    console.log("first");
    setInterval(() => {}, 1000);
  `;
  const process = new Deno.Command(Deno.execPath(), { args: ["eval", program], stdout: "piped" }).spawn();
  let said = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    said += text;
    if (text.includes("listening")) process.kill("SIGTERM");
    if (text.includes("first")) process.kill(second);
    if (text.includes("again")) process.kill("SIGKILL");
  }
  return { said, code: (await process.status).code };
}

for (const [second, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`the first signal is for the program, a ${second} after it ends the process with ${code}`, async () => {
    assert.deepEqual(await ended(second, 0), { said: "listening\nfirst\n", code });
  });
}

Deno.test("one Ctrl-C that comes twice is one", async () => {
  assert.deepEqual(await ended("SIGINT", 1e9), { said: "listening\nfirst\nagain\n", code: 137 });
});
