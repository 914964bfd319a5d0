export const config = { memoryMb: 32, timeoutMs: 20000 };

/** GET: how many MiB it could hold. The error is its own to catch. */
export default () => {
  const held: Uint8Array[] = [];
  try {
    for (;;) held.push(new Uint8Array(1 << 20).fill(1));
  } catch {
    const count = held.length;
    held.length = 0;
    return new Response(`${count}`);
  }
};
