/**
 * The operations of family FETCH. The guest numbers its exchanges itself, so that it can close one whose OPEN it still
 * waits for. Numbers are words, little endian.
 */
export const FetchOperation = {
  /** exchange, length of the head, head, bytes of the body. Answers when the response's head is there. */
  OPEN: 0x201,
  /** exchange. Answers with the next bytes of the response's body. */
  READ: 0x202,
  /** exchange, 1 if these are the last, bytes of the request's body. Answers when there is room for more. */
  WRITE: 0x203,
  /** exchange. Whatever is under way for it ends. */
  CLOSE: 0x204,
} as const;

/** Bytes of an argument, and of an answer. */
export const MOST_FETCH_BYTES = 65_536;
