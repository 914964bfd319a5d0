/** A stream without end. */
export default () =>
  new Response(
    new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) }),
  );
