/** How much a guest may ask for at once: what has begun in Deno's pool cannot be stopped. */
import { KiB, MiB } from "../../limits.ts";

export const CRYPTO_BOUNDS = {
  /** Of PBKDF2, for each block of what is derived. OWASP asks for 600,000 (SHA-256) and 1,300,000 (SHA-1). */
  iterations: 2_000_000,
  /** The same, of all blocks together: a second or two. */
  iterationsInAll: 4_000_000,
  /** Of what is derived. */
  derivedBytes: 16 * KiB,
  /** Deno ends, the whole process, when a signature of SHA-384 or more is to be made with an RSA key of 512 bits. */
  modulusBits: { least: 1024, most: 4096 },
  /** Those that Deno computes soon: the time grows with it. */
  exponents: [3, 65537] as readonly number[],
  /** A key in any format. */
  keyBytes: 16 * KiB,
  /** Of one call's argument or answer. */
  dataBytes: 64 * MiB,
  /** What calls hold here, waiting, running or being fetched: of one sandbox, and of all. */
  heldBytesPerSandbox: 160 * MiB,
  heldBytes: 512 * MiB,
  /** Calls that wait for their turn. */
  waiting: 16_384,
  /** Data that is copied within a millisecond. */
  inlineBytes: 512 * KiB,
} as const;
