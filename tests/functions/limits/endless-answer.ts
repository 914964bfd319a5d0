export const config = { timeoutMs: 500 };

/** A body of small pieces, in no hurry, for ever. */
export default () =>
  new Response(
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(new TextEncoder().encode("more\n"));
        await new Promise((resolve) => setTimeout(resolve, 10));
      },
    }),
  );
