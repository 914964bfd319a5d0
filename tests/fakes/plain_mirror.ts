import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { MirrorFs, MirrorSource } from "../../src/registry/mirror.ts";

/** Copies without the shim's care: for tests of everything else. */
export class PlainMirror implements MirrorFs {
  copies = 0;
  /** Paths of files that change whenever they are looked at. */
  readonly busy = new Set<string>();
  /** Those of them that were. */
  readonly refused = new Set<string>();

  open(root: string): MirrorSource {
    return {
      copy: async (path, to, limit) => {
        this.copies++;
        const from = join(root, path);
        const info = await Deno.lstat(from).catch((error) => {
          throw Object.assign(error, { code: "ENOENT" });
        });
        if (this.busy.has(path)) {
          this.refused.add(path);
          throw Object.assign(new Error("it changed meanwhile"), { code: "EAGAIN" });
        }
        if (info.size > limit) throw Object.assign(new Error("too large"), { code: "EFBIG" });
        await Deno.copyFile(from, `${to}.part`);
        await Deno.rename(`${to}.part`, to);
        const { mtimeNs, ino } = lstatSync(from, { bigint: true });
        // The shim knows nanoseconds, where Deno knows milliseconds.
        return { size: info.size, mtimeNs: mtimeNs + 4321n, inode: ino };
      },
      [Symbol.dispose]() {},
    };
  }
}
