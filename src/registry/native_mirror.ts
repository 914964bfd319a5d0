import type { Native } from "../../ffi/native.ts";
import type { MirrorFs, MirrorSource } from "./mirror.ts";

/** Files are opened without following any link, whatever happens to the folder meanwhile. */
export class NativeMirror implements MirrorFs {
  constructor(readonly native: Pick<Native, "rootOpen" | "rootClose" | "mirrorFile">) {}

  open(path: string): MirrorSource {
    const { native } = this;
    const root = native.rootOpen(path);
    return {
      copy: (file, to, limit) => native.mirrorFile(root, file, to, limit),
      [Symbol.dispose]: () => native.rootClose(root),
    };
  }
}
