export const config = { memoryMb: 32, timeoutMs: 30000 };

const kept: unknown[] = [];

/** All of these want more memory than there is. */
export const bombs: Record<string, () => unknown> = {
  "array that grows": () => {
    for (;;) kept.push(kept.length);
  },
  "string that doubles": () => {
    let text = "x";
    for (;;) kept.push((text += text).toUpperCase());
  },
  "string that grows bit by bit": () => {
    let text = "";
    for (;;) kept.push(text += "0123456789".repeat(1000));
  },
  "string of half a GB": () => "x".repeat(1 << 29).length,
  "padding of half a GB": () => "x".padEnd(1 << 29, "yz").length,
  "join of a sparse array": () => new Array(1 << 28).join("xx").length,
  "buffer of 1 GB": () => new ArrayBuffer(1 << 30).byteLength,
  "buffers of 1 MB": () => {
    for (;;) kept.push(new Uint8Array(1 << 20));
  },
  "array of a given length": () => new Array(1 << 27).fill(0).length,
  "Map": () => {
    const map = new Map();
    for (let n = 0;; n++) map.set(n, { n });
  },
  "Set of strings": () => {
    const set = new Set();
    for (let n = 0;; n++) set.add(`element ${n}`);
  },
  "objects inside of objects": () => {
    let object = {};
    for (;;) object = { object, more: [1, 2, 3] };
  },
  "closures": () => {
    let last = () => 0;
    for (;;) {
      const before = last;
      last = () => before() + 1;
    }
  },
  "promises": () => {
    for (;;) kept.push(new Promise(() => {}));
  },
  "microtasks that wait": () => {
    for (;;) queueMicrotask(() => {});
  },
  "BigInt": () => {
    const large = 3n ** 100_000n;
    for (let n = 0n;; n++) kept.push(large + n);
  },
  "JSON text": () => {
    const value: unknown[] = [];
    for (let n = 0; n < 60; n++) value.push("x".repeat(10_000));
    for (;;) kept.push(JSON.stringify(value));
  },
  "symbols": () => {
    for (let n = 0;; n++) kept.push(Symbol(`symbol ${n}`));
  },
  "stream queue": () => {
    const stream = new ReadableStream({
      start(controller) {
        for (;;) controller.enqueue(new Uint8Array(65_536));
      },
    });
    return stream;
  },
  "headers": () => {
    const headers = new Headers();
    for (let n = 0;; n++) headers.append(`x-${n}`, "v".repeat(1000));
  },
  "code": () => {
    for (let n = 0;; n++) kept.push(new Function(`return ${JSON.stringify("x".repeat(1000) + n)}`));
  },
};

export default async (_req: Request, { params }: { params: { kind: string } }) => {
  await bombs[params.kind]();
  return new Response("there was enough");
};
