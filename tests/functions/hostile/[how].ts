export const config = { timeoutMs: 200, memoryMb: 32, concurrency: 16 };

/** Ways in which a guest may try to bring its host down, or what it runs in. */
export const ways: Record<string, (req: Request) => unknown> = {
  "loop": () => {
    for (;;);
  },
  "eat": () => {
    const all: unknown[] = [];
    for (;;) all.push(new Uint8Array(65_536));
  },
  "throw": () => {
    throw new Error("hostile");
  },
  "dive": function dive(): unknown {
    return [dive()];
  },
  "shout": () => {
    for (let n = 0; n < 20_000; n++) console.error("x".repeat(500), n, "\x1b[2J\x07");
    return new Response("shouted");
  },
  "send without end": () =>
    new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) })),
  "send one byte at a time": () => {
    let left = 5000;
    return new Response(
      new ReadableStream({
        pull(controller) {
          if (left-- > 0) controller.enqueue(new Uint8Array(1));
          else controller.close();
        },
      }),
    );
  },
  "answer twice": (req) => {
    const response = new Response("once");
    void new Response(response.body);
    void req;
    return response;
  },
  "break the globals": () => {
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      try {
        delete (globalThis as unknown as Record<string, unknown>)[name];
      } catch {
        continue;
      }
    }
    return new Response("broken");
  },
  "break the prototypes": () => {
    for (const prototype of [Object, Array, Promise, Function, String, Uint8Array].map((type) => type.prototype)) {
      for (const name of Object.getOwnPropertyNames(prototype)) {
        try {
          Object.defineProperty(prototype, name, { value: () => 666 });
        } catch {
          continue;
        }
      }
    }
    return "broken";
  },
  "cancel its own body": async (req) => {
    await req.body?.cancel();
    return new Response("cancelled");
  },
  "fail its stream late": () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(new Uint8Array(100));
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.error(new Error("late"));
        },
      }),
    ),
  "wait": () => new Promise(() => {}),
  "reject much": () => {
    for (let n = 0; n < 5000; n++) void Promise.reject(new Error(`${n}`));
    return new Response("rejected");
  },
  "parse deeply": () => JSON.parse("[".repeat(500_000)),
  "transfer and use": () => {
    const buffer = new ArrayBuffer(8);
    const view = new Uint8Array(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    return new Response(view);
  },
};

export default (req: Request, { params }: { params: { how: string } }) =>
  (ways[params.how]?.(req) ?? new Response("no such way", { status: 404 })) as Response;
