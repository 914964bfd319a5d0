import type { Artifact, BuildError } from "../tiers/tier.ts";
import type { TierName } from "../types.ts";
import type { Place } from "./bundle_wire.ts";
import type { Inputs } from "./inputs.ts";
import type { Root } from "./root.ts";
import type { Language, Source } from "./sources.ts";

/** What is asked of a language. */
export interface ProgramJob {
  readonly root: Root;
  readonly source: Source;
  /** Where it is to run: a bundle for one tier is not one for the other. */
  readonly tier: TierName;
  readonly signal: AbortSignal;
  /** Files that it looks for, found or not: when one of them changes, it is to be made again. */
  readonly onWanted: (paths: ReadonlySet<string>) => void;
  /** Something takes a while: whoever waits is told what. */
  readonly onProgress: (what: string) => void;
}

/** The literal `config` in the code, with the places of the whole (`""`) and of its keys. */
export interface CodeConfig {
  readonly value: unknown;
  readonly places: Readonly<Record<string, Place>>;
}

/** What a language makes of a function's sources, before a tier evaluates it. It is made for every look, so it is cheap. */
export interface Program {
  /** All that it is made of. */
  readonly made: Omit<Inputs, "config" | "lack">;
  readonly config: CodeConfig | null;
  readonly parts: Pick<Artifact, "file" | "bundle" | "entry" | "folder">;
  /** Of a new version alone: writes into its folder what the tier reads there, and what is kept beside the snapshot. */
  stage(versionFolder: string): Promise<void>;
  /** A tier's error, in the words and with the places of the user's files. */
  explain(error: BuildError, versionFolder: string): Promise<BuildError>;
}

/** Makes programs of one language. Throws a BuildError whose message has the place in the user's file. */
export interface ProgramMaker {
  make(job: ProgramJob): Promise<Program>;
}

export type ProgramMakers = Readonly<Record<Language, ProgramMaker>>;
