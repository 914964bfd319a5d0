import { folderFiles, Server } from "../tests/harness.ts";
import { atMost, type Bench, type Figure, rounded } from "./figure.ts";
import { median, percentile, timed } from "./statistics.ts";

const DATA = new Uint8Array(1024);

/** crypto.subtle in a function, in turn with Deno's own here: a hash, and a signature, which is a call to the host. */
export const cryptography: Bench = async ({ rounds, samples }) => {
  await using server = await Server.start({ files: folderFiles("../bench/functions") });
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new Uint8Array(32), algorithm, false, ["sign"]);
  const calls = {
    digest: () => crypto.subtle.digest("SHA-256", DATA),
    sign: () => crypto.subtle.sign("HMAC", key, DATA),
  };
  const figures: Figure[] = [];
  for (const [call, ours] of Object.entries(calls)) {
    const count = 50 * samples;
    const guest: number[] = [];
    const deno: number[] = [];
    for (let round = 0; round < rounds; round++) {
      guest.push(...(await server.call(`/digests?call=${call}&count=${count}`)).json<number[]>());
      for (let n = 0; n < count; n++) deno.push(await timed(ours));
    }
    figures.push(figure(call, guest, deno));
  }
  return figures;
};

const NAMES: Record<string, string> = {
  digest: "crypto.subtle.digest of 1 KB: p50 added to Deno's own",
  sign: "host call (HMAC of 1 KB): p50 added to Deno's own",
};

function figure(call: string, guest: readonly number[], deno: readonly number[]): Figure {
  const us = (values: readonly number[], share: number) => rounded(1000 * percentile(values, share));
  return atMost(
    NAMES[call],
    60,
    "us",
    1000 * (median(guest) - median(deno)),
    `${us(guest, 0.5)} us, p99 ${us(guest, 0.99)} us; Deno's own ${us(deno, 0.5)} us, p99 ${us(deno, 0.99)} us`,
  );
}
