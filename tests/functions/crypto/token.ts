/** What many functions do: sign a token, check it, keep a secret in it. */
const encoder = new TextEncoder();
const key = await crypto.subtle.importKey(
  "raw",
  encoder.encode("a secret of the function"),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["sign", "verify"],
);

export default async (req: Request) => {
  const text = encoder.encode(new URL(req.url).searchParams.get("text") ?? "");
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, pair.privateKey, text);
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
  return Response.json({
    signed: await crypto.subtle.verify(algorithm, pair.publicKey, signature, text),
    mac: [...mac],
    digest: [...new Uint8Array(await crypto.subtle.digest("SHA-256", text))],
  });
};
