import { CellOperation } from "../../ffi/layout.ts";
import type { NativePlan } from "../../runtimes/runtime.ts";
import type { Clock } from "../../src/clock.ts";
import type { Artifact } from "../../src/tiers/tier.ts";
import { Images } from "../../src/tiers/vm/images.ts";
import { Runtimes } from "../../src/tiers/vm/runtimes.ts";
import type { VmBuildOptions } from "../../src/tiers/vm/vm_build.ts";
import type { Answer } from "./fake_cell.ts";
import { fakeStarter } from "./fake_starter.ts";
import { SETTINGS } from "./fake_tier.ts";

const ENGINE = "e";
const PLAN: NativePlan = {
  program: { arguments: ["/function/server"], environment: ["PORT=8080"], folder: "/function" },
  kind: "server",
  images: [],
};

/** A program, or a function of a runtime: its build needs no more than a cell's answers. */
export function artifactOf(name: string, language: Artifact["language"] = "native"): Artifact {
  return {
    id: { tenant: "acme", name },
    version: "v1",
    settings: { ...SETTINGS, tier: "vm" },
    mount: `/@acme/${name}`,
    language,
    file: "server",
    bundle: new Uint8Array(),
  };
}

export interface FakeBuildsOptions {
  readonly clock: Clock;
  readonly onTrouble: (message: string) => void;
  /** Null: as a cell answers that can do all that it is asked for. */
  readonly answer?: Answer;
}

/** What builds are made with, by cells that write into a snapshot how manieth they were of it. */
export async function fakeBuilds({ clock, onTrouble, answer = () => 0 }: FakeBuildsOptions) {
  let taken = 0;
  const { starter, processes } = fakeStarter({
    clock,
    onTrouble,
    answer: (request, cell) => {
      const error = answer(request, cell);
      if (request.operation === CellOperation.TAKE && error === 0) {
        Deno.writeTextFileSync(request.file!, `snapshot ${++taken}`);
      }
      return error;
    },
  });
  const images = new Images(({ name }) => Promise.resolve({ file: `/${name}.image`, key: "k" }));
  const runtimes = await Runtimes.open({
    folder: await Deno.makeTempDir(),
    clock,
    starter,
    images,
    runtimes: [{
      image: { name: "python", key: () => Promise.resolve("k"), imageFiles: () => Promise.resolve([]) },
      program: { arguments: ["/python"], environment: [], folder: "/" },
      memoryBytes: 1,
    }],
    engineId: ENGINE,
    onTrouble,
  });
  const options: VmBuildOptions = { clock, starter, runtimes, images, planOf: () => PLAN };
  return { options, runtimes, starter, processes };
}
