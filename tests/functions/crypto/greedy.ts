/** Waits for the host to compute, over and over: it uses no CPU time of its own to speak of. */
export const config = { cpuMs: 300 };

export default async () => {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(16), iterations: 100_000 };
  for (;;) await crypto.subtle.deriveBits(algorithm, key, 512);
};
