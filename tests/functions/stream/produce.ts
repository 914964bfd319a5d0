/** Streams `?mb=` MiB, and says at every one how far it is. */
export default (req: Request) => {
  const all = Number(new URL(req.url).searchParams.get("mb")) << 20;
  const chunk = new Uint8Array(65_536).fill(7);
  let bytes = 0;
  return new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(chunk.slice());
        bytes += chunk.length;
        if (bytes % (1 << 20) === 0) console.log(`made ${bytes >> 20} MiB`);
        if (bytes >= all) controller.close();
      },
    }),
  );
};
