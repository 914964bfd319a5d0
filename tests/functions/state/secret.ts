/** POST: keeps a secret in memory. GET: looks for one in memory that was never written by this request. */
export default async (req: Request) => {
  if (req.method === "POST") {
    const secret = await req.text();
    const copies = Array.from({ length: 2000 }, () => new TextEncoder().encode(secret));
    return new Response(`kept ${copies.length}`);
  }
  let found = 0;
  for (let n = 0; n < 200; n++) {
    const fresh = new Uint8Array(4096);
    if (fresh.some((byte) => byte !== 0)) found++;
  }
  return new Response(`${found}`);
};
