/** Server-sent events: three ticks, then the end. When the caller leaves, the sandbox is gone with its timers. */
export default () => {
  const encoder = new TextEncoder();
  let count = 0;
  const ticks = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      controller.enqueue(encoder.encode(`event: tick\ndata: ${++count}\n\n`));
      if (count === 3) controller.close();
    },
  });
  return new Response(ticks, { headers: { "content-type": "text/event-stream" } });
};
