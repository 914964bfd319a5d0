import { check, cString, Message } from "./native_values.ts";
import type { Symbols } from "./symbols.ts";

/** A file or a folder of the host, and where it is to be in the image. */
export interface ImageSource {
  readonly host: string;
  readonly path: string;
}

/** Makes the new file `to` a packed image. Of two sources for one path the first counts. */
export async function packImage(symbols: Symbols, to: string, sources: readonly ImageSource[]): Promise<void> {
  const what = `pack ${to}`;
  const odd = sources.find(({ host, path }) => /[\t\n]/.test(host + path));
  if (odd) throw new Error(`Cannot ${what}: the name ${JSON.stringify(odd.host)} has a tab or a line break in it`);
  const lines = sources.map(({ host, path }) => `${host}\t${path}\n`).join("");
  const message = new Message();
  const rc = await symbols.mf_image_pack(
    cString(to, what),
    cString(lines, what),
    message.bytes,
    message.capacity,
  );
  check(rc, what, message.toString());
}
