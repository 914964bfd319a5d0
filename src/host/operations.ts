/**
 * What functions may ask of the host, on every tier. The family is the number without its last byte; guests of all
 * runtimes use these numbers, and a snapshot made with one expects the same meaning for ever.
 */
export const Family = { CRYPTO: 1, FETCH: 2, FILES: 4, PROXY: 5 } as const;

/**
 * A connection that a microVM's guest made to the proxy in it, asked for by its cell. Arguments begin with the connection's
 * number (u32). OPEN: nothing more. WRITE: bytes that the guest wrote, none at its end; answered when they were taken. READ:
 * answered with bytes for the guest, none at the end. CLOSE: the guest is gone.
 */
export const ProxyOperation = {
  OPEN: Family.PROXY << 8 | 1,
  WRITE: Family.PROXY << 8 | 2,
  READ: Family.PROXY << 8 | 3,
  CLOSE: Family.PROXY << 8 | 4,
} as const;

export const FileOperation = { READ: Family.FILES << 8 | 1 } as const;

/** Bytes of a call's argument, and of its answer: each has to fit one step. */
export const MOST_CALL_BYTES = 65_536;
