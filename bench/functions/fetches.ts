/** Fetches so many times, one after another, and tells how long each took; or once, and answers with that. */
export const config = { net: ["127.0.0.1"], concurrency: 1024, memoryMb: 16 };

export default async (request: Request) => {
  const { searchParams } = new URL(request.url);
  const url = searchParams.get("url")!;
  const count = Number(searchParams.get("count") ?? 0);
  if (count === 0) return await fetch(url);
  const took: number[] = [];
  for (let n = 0; n < count; n++) {
    const start = performance.now();
    await (await fetch(url)).text();
    took.push(performance.now() - start);
  }
  return Response.json(took);
};
