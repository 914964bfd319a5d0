export const config = { bodyMb: 1, responseMb: 1 };

/** Reads its body to the end, and answers as many bytes as the query says, in one piece or as a stream. */
export default async (req: Request) => {
  let bytes = 0;
  for await (const chunk of req.body ?? []) bytes += chunk.length;
  const query = new URL(req.url).searchParams;
  const answer = new Uint8Array(Number(query.get("answer") ?? 0));
  const headers = { "x-bytes": `${bytes}` };
  if (!query.has("stream")) return new Response(answer, { headers });
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(answer.subarray(at, at += 10_000));
      if (at >= answer.length) controller.close();
    },
  });
  return new Response(stream, { headers });
};
