import { setPriority } from "node:os";

/** One step of niceness is a quarter more or less of the processors, beside others that want all of them. */
const STEP = 1.25;
const LEAST_URGENT = 19;
/** More would keep the server itself waiting. */
const MOST_URGENT = -5;

export function nicenessOf(share: number): number {
  const steps = Math.round(-Math.log(share) / Math.log(STEP));
  return Math.min(LEAST_URGENT, Math.max(MOST_URGENT, steps)) + 0;
}

/** Gives a process that has started no threads yet its share, and all those that it starts. */
export function shareOut(pid: number, share: number): void {
  const niceness = nicenessOf(share);
  if (niceness === 0) return;
  try {
    setPriority(pid, niceness);
  } catch (error) {
    // More than others' share is root's to give; without, it has as much as they have. One that ended needs none.
    if (niceness > 0 && !/ESRCH|no such process/i.test(String(error))) throw error;
  }
}
