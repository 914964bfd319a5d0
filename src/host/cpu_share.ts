/** One step of niceness is a quarter more or less of the processors, beside others that want all of them. */
const STEP = 1.25;
const LEAST_URGENT = 19;
/**
 * The server's own thread answers for all of them: it goes first. Cells that compute have a quarter of its weight: with as
 * much as it has, they keep it waiting for tens of milliseconds.
 */
const BEHIND_SERVER = 6;
/** More would keep the server itself waiting. */
const MOST_URGENT = -5;

/** Of a cell that has so much of the processors beside others, which have 1. */
export function nicenessOf(share: number): number {
  const steps = Math.round(-Math.log(share) / Math.log(STEP)) + BEHIND_SERVER;
  return Math.min(LEAST_URGENT, Math.max(MOST_URGENT, steps));
}
