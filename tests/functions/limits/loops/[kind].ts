export const config = { timeoutMs: 300 };

/** All of these run for ever, or for so long that nobody would wait. */
export const loops: Record<string, () => unknown> = {
  "for": () => {
    for (;;);
  },
  "while with work": () => {
    let x = 1;
    while (x !== 0) x = (x * 48271) % 2147483647;
    return x;
  },
  "microtasks": async () => {
    for (;;) await null;
  },
  "promise reactions": () => {
    const again = (): Promise<void> => Promise.resolve().then(again);
    return again();
  },
  "queueMicrotask": () => {
    const again = () => queueMicrotask(again);
    again();
    return new Promise(() => {});
  },
  "timers of no delay": () => {
    const again = () => setTimeout(again, 0);
    again();
    return new Promise(() => {});
  },
  "regular expression that backtracks": () => /^(a+)+$/.test("a".repeat(60) + "b"),
  "regular expression with lookahead": () => /^(?=(a+)+c)(a|aa)+$/.test("a".repeat(200)),
  "sort comparator": () =>
    [3, 1, 2].sort(() => {
      for (;;);
    }),
  "sort of a large array with a slow comparator": () =>
    Array.from({ length: 300_000 }, (_, n) => n * 7919 % 300_007).sort((a, b) => {
      let sum = 0;
      for (let n = 0; n < 1000; n++) sum += n;
      return a - b + sum * 0;
    }),
  "getter": () => {
    const object = {
      get never() {
        for (;;);
      },
    };
    return object.never;
  },
  "toJSON": () =>
    JSON.stringify({
      toJSON() {
        for (;;);
      },
    }),
  "toString of a template": () =>
    `${{
      toString() {
        for (;;);
      },
    }}`,
  "generator": () => {
    const numbers = (function* () {
      for (;;) yield 1;
    })();
    for (const _ of numbers);
  },
  "spread of an iterator that never answers": () =>
    Math.max(...{
      [Symbol.iterator]: (): Iterator<number> => ({
        next() {
          for (;;);
        },
      }),
    } as unknown as number[]),
  "async generator": async () => {
    const numbers = (async function* () {
      for (;;) yield 1;
    })();
    for await (const _ of numbers);
  },
  "Proxy trap": () =>
    (new Proxy({}, {
      get() {
        for (;;);
      },
    }) as Record<string, unknown>).anything,
  "valueOf in an addition": () =>
    (1 as unknown as number) + ({
      valueOf() {
        for (;;);
      },
    } as unknown as number),
  "Symbol.toPrimitive in a comparison": () =>
    ({
      [Symbol.toPrimitive]() {
        for (;;);
      },
    } as unknown as number) > 1,
  "catch that starts over": () => {
    for (;;) {
      try {
        throw new Error("again");
      } catch {
        continue;
      }
    }
  },
  "finally that never leaves": () => {
    try {
      return 1;
    } finally {
      for (;;);
    }
  },
  "string replace callback": () =>
    "a".replace(/a/, () => {
      for (;;);
    }),
  "indexOf over a long array, again and again": () => {
    const long = new Array(1_000_000).fill(0);
    for (;;) long.indexOf(1);
  },
  "fill of a typed array, again and again": () => {
    const long = new Uint8Array(8 << 20);
    for (;;) long.fill(1);
  },
  "copy of a typed array, again and again": () => {
    const long = new Uint8Array(8 << 20);
    for (;;) long.copyWithin(1, 0);
  },
  "BigInt power": () => {
    for (;;) 7n ** 300_000n;
  },
  "eval": () => (0, eval)("for(;;);"),
  "class static block": () => (0, eval)("class A { static { for(;;); } }"),
  "thenable that resolves to itself again": () => {
    const thenable = {
      then(resolve: (value: unknown) => void) {
        queueMicrotask(() => resolve(thenable));
      },
    };
    return Promise.resolve(thenable);
  },
  "reading of a stream that never ends": async () => {
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(1) });
    for await (const _ of stream);
  },
  "a promise that never settles": () => new Promise(() => {}),
  "a lock that nobody opens": async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_000_000));
  },
};

export default async (_req: Request, { params }: { params: { kind: string } }) => {
  await loops[params.kind]();
  return new Response("it ended");
};
