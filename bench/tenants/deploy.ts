import { firstAnswer } from "../deploy.ts";
import { atMost, type Bench, rounded } from "../figure.ts";
import { median, percentile, timed } from "../statistics.ts";
import { serverWith } from "./server.ts";

const python = (n: number) => `def handler(req):\n    return {"n": ${n}}\n`;
const typescript = (n: number) => `export default () => Response.json({ n: ${n} });\n`;

/** From the moment a tenant's file is dropped to the first 200 that it gives. */
export const tenantDeploy: Bench = async ({ samples }) => {
  await using server = await serverWith({ "@acme/one.py": python(0), "@acme/two.ts": typescript(0) });
  const series = async (extension: string, source: (n: number) => string): Promise<number[]> => {
    const times: number[] = [];
    for (let n = 1; n <= samples; n++) {
      const name = `@acme/f${crypto.randomUUID()}`;
      await server.drop({ [`${name}.${extension}.new`]: source(n) });
      const file = `${server.functions}/${name}.${extension}`;
      times.push(
        await timed(async () => {
          await Deno.rename(`${file}.new`, file);
          await firstAnswer(server, `/${name}`);
        }),
      );
    }
    return times;
  };
  const figure = (name: string, limitMs: number, times: number[]) =>
    atMost(
      `a tenant's drop to first 200, ${name}`,
      limitMs,
      "ms",
      median(times),
      `p99 ${rounded(percentile(times, 0.99))} ms of ${times.length}`,
    );
  return [
    figure("Python", 300, await series("py", python)),
    figure("TypeScript", 500, await series("ts", typescript)),
  ];
};
