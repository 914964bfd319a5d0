/** How long each of `count` calls of crypto.subtle took, in milliseconds: hashes in the sandbox, signatures by a host call. */
const data = new Uint8Array(1024);
const key = await crypto.subtle.importKey("raw", new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, false, [
  "sign",
]);

const calls: Record<string, () => Promise<ArrayBuffer>> = {
  digest: () => crypto.subtle.digest("SHA-256", data),
  sign: () => crypto.subtle.sign("HMAC", key, data),
};

export default async (req: Request) => {
  const query = new URL(req.url).searchParams;
  const call = calls[query.get("call")!];
  const times: number[] = [];
  for (let n = Number(query.get("count")); n > 0; n--) {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  }
  return Response.json(times);
};
