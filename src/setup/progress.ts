export type Progress = (line: string) => void;

/** Says what is being done, and how long it took. */
export async function told<T>(progress: Progress, what: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  progress(`${what}...`);
  const result = await work();
  progress(`${what}... done in ${seconds(performance.now() - startedMs)}`);
  return result;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
