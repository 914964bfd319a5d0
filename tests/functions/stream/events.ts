/** One event now; the next only when the caller has sent something. */
export default (req: Request) => {
  const encoder = new TextEncoder();
  const reader = req.body!.getReader();
  let sent = 0;
  return new Response(
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent > 0 && (await reader.read()).done) return controller.close();
        controller.enqueue(encoder.encode(`event ${sent++}\n`));
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
};
