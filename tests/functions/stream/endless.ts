/** A stream without end; it says when its reader has left. */
export default () =>
  new Response(
    new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
      cancel: () => console.log("the reader left"),
    }),
  );
