/** Never reads what it fetched, and holds nothing of it. */
export const config = { net: ["127.0.0.1"], timeoutMs: 60_000 };

export default async (request: Request) => {
  const { searchParams } = new URL(request.url);
  let answered = 0;
  for (let n = 0; n < Number(searchParams.get("count")); n++) {
    const { ok } = await fetch(searchParams.get("url")!);
    if (ok) answered++;
  }
  return new Response(`${answered}`);
};
