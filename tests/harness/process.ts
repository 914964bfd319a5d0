/** What a process holds, as the kernel counts it. */
export interface Facts {
  readonly rssMb: number;
  readonly peakRssMb: number;
  readonly threads: number;
  readonly descriptors: number;
  readonly mappings: number;
}

export async function processFacts(pid: number): Promise<Facts> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  const maps = await Deno.readTextFile(`/proc/${pid}/maps`);
  return {
    rssMb: field("VmRSS") / 1024,
    peakRssMb: field("VmHWM") / 1024,
    threads: field("Threads"),
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    mappings: maps.split("\n").length - 1,
  };
}
