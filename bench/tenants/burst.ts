import { atMost, type Bench } from "../figure.ts";
import { median, timed } from "../statistics.ts";
import { serverWith, source } from "./server.ts";

const AT_ONCE = 1000;
const SETTINGS = JSON.stringify({
  server: { concurrency: 2000, memoryMb: 16_384 },
  tenants: { acme: { concurrency: 2000, memoryMb: 16_384 } },
});

/** Everybody at once, on a function that nobody called since the server started. */
export const burst: Bench = async ({ rounds, functions: [few] }) => {
  const atOnce = few < 10 ? 20 : AT_ONCE;
  await using server = await serverWith({
    "mayfly.json": SETTINGS,
    "@acme/sleep.py": source("sleep.py"),
    "@acme/mayfly.json": JSON.stringify({ functions: { sleep: { concurrency: AT_ONCE, memoryMb: 64 } } }),
  });
  const times: number[] = [];
  const statuses = new Map<number, number>();
  for (let round = 0; round < rounds; round++) {
    await server.stop();
    await server.up();
    times.push(
      await timed(async () => {
        const answers = await Promise.all(Array.from({ length: atOnce }, () => server.call("/@acme/sleep")));
        for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
    );
  }
  const told = [...statuses].map(([status, count]) => `${count} of ${status}`).join(", ");
  const figure = atMost(
    `${atOnce} at once on an idle function that sleeps 50 ms`,
    2.5,
    "s",
    median(times) / 1000,
    told,
  );
  return [{ ...figure, reached: figure.reached && statuses.size === 1 && statuses.has(200) }];
};
