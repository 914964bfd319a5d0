/** Functions whose crypto calls are answered by the server's own host, and the same code in Deno, for comparison. */
import assert from "node:assert/strict";
import { systemClock } from "../../../src/clock.ts";
import { CryptoHost } from "../../../src/host/crypto/crypto_host.ts";
import type { HostCaller } from "../../../src/host/host.ts";
import { HOME } from "../../../src/types.ts";
import { ExitCode } from "./frames.ts";
import { deploy } from "./host.ts";

/** Turns what a case answers into JSON, the same in both worlds. */
const PREPARE = `
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const unhex = (text) => new Uint8Array((text.match(/../g) ?? []).map((pair) => parseInt(pair, 16)));
  const range = (length) => Uint8Array.from({ length }, (_, i) => i);
  const utf8 = (text) => new TextEncoder().encode(text);
  const show = (value) => {
    if (value instanceof ArrayBuffer) return "buffer " + hex(value);
    if (value instanceof CryptoKey) {
      const { type, extractable, algorithm, usages } = value;
      return { type, extractable, algorithm: show({ ...algorithm }), usages: [...usages].sort() };
    }
    if (value instanceof Uint8Array) return "bytes " + hex(value);
    if (Array.isArray(value)) return value.map(show);
    if (typeof value !== "object" || value === null) return value === undefined ? "undefined" : value;
    return Object.fromEntries(Object.entries(value).sort().map(([key, inner]) => [key, show(inner)]));
  };
  const settle = async (run) => {
    try {
      return show(await run());
    } catch (error) {
      return { thrown: error?.name ?? String(error) };
    }
  };
  const { subtle } = crypto;
`;

export function caller(charge: (cpuMs: number) => void = () => {}): HostCaller {
  return { function: { tenant: HOME, name: "test" }, net: "none", requestId: "r", deadlineMs: Infinity, charge };
}

/** The JSON of what `code` (a function's body) answers in a sandbox. */
export async function inGuest(code: string): Promise<unknown> {
  const func = await deploy(`${PREPARE}
    export default async () => Response.json({ value: show(await (async () => { ${code} })()) });`);
  const host = new CryptoHost({ clock: systemClock, cores: 2 });
  const session = host.open(caller());
  try {
    const answer = await func.begin({ calls: (operation, bytes) => session.call(operation, bytes) }).runAwaiting();
    assert.equal(answer.exit?.code, ExitCode.OK, answer.exit?.text ?? "it never ended");
    return JSON.parse(answer.text).value;
  } finally {
    session.close();
    host.close();
  }
}

/** The same in Deno. */
export async function inDeno(code: string): Promise<unknown> {
  const run = new Function(`${PREPARE} return (async () => show(await (async () => { ${code} })()))();`);
  return JSON.parse(JSON.stringify(await run()));
}

export type Case = readonly [property: string, code: string];

/** Each of the cases (a function's body) has to come to the same in a sandbox as in Deno. */
export function testBesideDeno(cases: readonly Case[]): void {
  const all = `const cases = [${cases.map(([, code]) => `async () => { ${code} }`).join(",\n")}];
    const values = [];
    for (const run of cases) values.push(await settle(run));
    return values;`;
  let both: Promise<[unknown[], unknown[]]> | undefined;
  const evaluate = async () => await Promise.all([inGuest(all), inDeno(all)]) as [unknown[], unknown[]];
  cases.forEach(([property, code], i) => {
    Deno.test(property, async () => {
      const [guest, deno] = await (both ??= evaluate());
      assert.deepEqual(guest[i], deno[i], code);
    });
  });
}
