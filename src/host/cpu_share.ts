import { setPriority } from "node:os";

/** One step of niceness is a quarter more or less of the processors, beside others that want all of them. */
const STEP = 1.25;
const LEAST_URGENT = 19;
/** The server's own thread answers for all of them: it goes first. */
const BEHIND_SERVER = 3;
/** More would keep the server itself waiting. */
const MOST_URGENT = -5;

export function nicenessOf(share: number): number {
  const steps = Math.round(-Math.log(share) / Math.log(STEP));
  return Math.min(LEAST_URGENT, Math.max(MOST_URGENT, steps)) + 0;
}

/** Gives a process that has started no threads yet its share, and all those that it starts. */
export function shareOut(pid: number, share: number): void {
  const niceness = Math.min(LEAST_URGENT, nicenessOf(share) + BEHIND_SERVER);
  shareSessionOut(pid, niceness);
  try {
    setPriority(pid, niceness);
  } catch (error) {
    // More than others' share is root's to give; without, it has as much as they have. One that ended needs none.
    if (niceness > 0 && !/ESRCH|no such process/i.test(String(error))) throw error;
  }
}

/** Some kernels share the processors out among sessions first, and niceness counts within each: a cell is a session. */
function shareSessionOut(pid: number, niceness: number): void {
  try {
    const [, session] = /^.*\) . \d+ \d+ (\d+)/s.exec(Deno.readTextFileSync(`/proc/${pid}/stat`))!;
    if (Number(session) !== pid) return;
    Deno.writeTextFileSync(`/proc/${pid}/autogroup`, `${niceness}`, { create: false });
  } catch {
    // Others know no such thing, or leave it to root.
  }
}
