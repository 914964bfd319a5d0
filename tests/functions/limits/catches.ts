export const config = { memoryMb: 32 };

/** Meets the end of its memory, and goes on. */
export default () => {
  const kept: unknown[] = [];
  try {
    for (;;) kept.push(new Uint8Array(1 << 20));
  } catch {
    kept.length = 0;
    return new Response("went on");
  }
};
