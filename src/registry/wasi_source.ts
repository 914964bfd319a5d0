import { BuildError } from "../tiers/tier.ts";
import type { BundleFacts } from "./bundle_wire.ts";
import { sha256 } from "./file_hash.ts";
import type { Root } from "./root.ts";
import type { Source } from "./sources.ts";

/** A WASI module is its own bundle: nothing is imported, nothing is configured in it. */
export async function readModule(root: Root, { file }: Source): Promise<{
  readonly code: Uint8Array<ArrayBuffer>;
  readonly facts: BundleFacts;
}> {
  const code = await Deno.readFile(root.mirror.pathOf(file));
  const hash = await sha256(code);
  if (hash !== root.mirror.files.get(file)?.hash) {
    throw new BuildError(`Cannot build ${file}: it changed meanwhile`);
  }
  const facts = {
    codeBytes: code.length,
    mapBytes: 0,
    files: { [file]: hash },
    mapped: [],
    packages: [],
    importers: {},
    config: null,
  };
  return { code, facts };
}
