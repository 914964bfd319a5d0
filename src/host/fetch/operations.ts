import { Family } from "../operations.ts";

const FIRST = Family.FETCH << 8;

/**
 * The operations of family FETCH. The guest numbers its exchanges itself, so that it can close one whose OPEN it still
 * waits for. Numbers are words, little endian.
 */
export const FetchOperation = {
  /** exchange, length of the head, head, bytes of the body. Answers when the response's head is there. */
  OPEN: FIRST + 1,
  /** exchange. Answers with the next bytes of the response's body. */
  READ: FIRST + 2,
  /** exchange, 1 if these are the last, bytes of the request's body. Answers when there is room for more. */
  WRITE: FIRST + 3,
  /** exchange. Whatever is under way for it ends. */
  CLOSE: FIRST + 4,
} as const;

/** Exchanges that are open at once: of one sandbox, of one tenant, of all. The guest's library waits before the first. */
export const MOST_EXCHANGES = { sandbox: 128, tenant: 2048, all: 4096 } as const;
