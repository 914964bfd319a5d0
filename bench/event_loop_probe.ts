/**
 * Runs before the server's own program, in its process: how late timers are is how long the event loop was held up.
 * SIGUSR2 makes it say so and begin anew.
 */
const EVERY_MS = 1;
let delays: number[] = [];
let last = performance.now();

Deno.unrefTimer(setInterval(() => {
  const now = performance.now();
  delays.push(now - last - EVERY_MS);
  last = now;
}, EVERY_MS));

Deno.addSignalListener("SIGUSR2", () => {
  delays.sort((a, b) => a - b);
  const longest = delays.at(-1) ?? 0;
  const p99 = delays[Math.floor(delays.length * 0.99)] ?? 0;
  console.error(`event loop delay ${JSON.stringify({ longest, p99 })}`);
  delays = [];
});
