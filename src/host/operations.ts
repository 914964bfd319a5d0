/**
 * What functions may ask of the host, on every tier. The family is the number without its last byte; guests of all
 * runtimes use these numbers, and a snapshot made with one expects the same meaning for ever.
 */
export const Family = { CRYPTO: 1, FETCH: 2, FILES: 4 } as const;

export const FileOperation = { READ: Family.FILES << 8 | 1 } as const;

/** Bytes of a call's argument, and of its answer: each has to fit one step. */
export const MOST_CALL_BYTES = 65_536;
