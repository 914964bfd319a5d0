import { LAYOUT } from "../../../ffi/layout.ts";
import type { Clock } from "../../clock.ts";
import { LIMITS } from "../../limits.ts";
import type { HandlerKind } from "../../types.ts";
import type { Engine } from "./engine.ts";
import { Evaluation } from "../evaluation.ts";
import { Run } from "../run.ts";
import type { Artifact, GuestLine } from "../tier.ts";
import type { VersionFiles } from "../version_files.ts";

export interface WasmBuildOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly artifact: Artifact;
  readonly files: VersionFiles;
  readonly log: (line: GuestLine) => void;
  readonly signal: AbortSignal;
}

/** Evaluates a module in a sandbox of the base image, and freezes that. */
export async function buildImage(
  options: WasmBuildOptions,
): Promise<{ kind: HandlerKind; image: Uint8Array<ArrayBuffer> }> {
  const { engine, artifact } = options;
  const evaluation = new Evaluation({
    ...options,
    snapshot: LAYOUT.snapshotBase,
    begin: (options) => {
      const run = new Run(engine.steps, options);
      run.enqueue();
      return run;
    },
  });
  try {
    const kind = await evaluation.evaluate(artifact.bundle, { timers: LIMITS.timers });
    await evaluation.warmUp();
    const { sandbox, generation } = evaluation.held!;
    return { kind, image: await engine.native.freeze(sandbox, generation) };
  } finally {
    if (evaluation.held) engine.steps.discard(evaluation.line, evaluation.held);
  }
}
