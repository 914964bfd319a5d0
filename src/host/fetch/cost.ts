/**
 * What the host computes for a fetch. It is done on Deno's threads, and cannot be told apart from all else there: a
 * function is charged for it at a flat rate, about what it takes.
 */
export const FETCH_COST = {
  /** A handshake, on the event loop. */
  tlsConnectionMs: 2,
  /** Of what comes out of decompression. */
  decodedMsPerByte: 5 / (1024 * 1024),
} as const;
