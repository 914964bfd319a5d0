/** What would keep a thread for hours: each has to be refused at once. */
const usages: KeyUsage[] = ["sign", "verify"];
const rsa = (modulusLength: number, exponent: number[]) =>
  crypto.subtle.generateKey(
    { name: "RSA-PSS", hash: "SHA-256", modulusLength, publicExponent: new Uint8Array(exponent) },
    true,
    usages,
  );
const pbkdf2 = async (iterations: number, bits: number) => {
  const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
  return crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: new Uint8Array(8), iterations }, key, bits);
};

export default async () => {
  const attempts = [
    rsa(65_536, [1, 0, 1]),
    rsa(2 ** 32 - 1, [1, 0, 1]),
    rsa(2048, [2]),
    rsa(512, [1, 0, 1]),
    pbkdf2(2 ** 31, 256),
    pbkdf2(1000, 2 ** 31),
  ];
  const settled = await Promise.allSettled(attempts);
  return Response.json(settled.map((one) => one.status === "rejected" ? one.reason.name : one.status));
};
