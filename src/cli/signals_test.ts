import assert from "node:assert/strict";

const PROGRAM = `
  import { firstSignal } from ${JSON.stringify(import.meta.resolve("./signals.ts"))};
  const signal = firstSignal();
  console.log("listening");
  await signal;
  console.log("first");
  setInterval(() => {}, 1000);
`;

for (const [second, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`the first signal is for the program, a ${second} after it ends the process with ${code}`, async () => {
    const process = new Deno.Command(Deno.execPath(), { args: ["eval", PROGRAM], stdout: "piped" }).spawn();
    let said = "";
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      said += text;
      if (text.includes("listening")) process.kill("SIGTERM");
      if (text.includes("first")) process.kill(second);
    }
    assert.equal(said, "listening\nfirst\n");
    assert.equal((await process.status).code, code);
  });
}
