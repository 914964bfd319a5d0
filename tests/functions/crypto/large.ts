export const config = { memoryMb: 128 };

export default async () => {
  const key = await crypto.subtle.generateKey({ name: "AES-CBC", length: 256 }, false, ["encrypt", "decrypt"]);
  const algorithm = { name: "AES-CBC", iv: new Uint8Array(16) };
  const data = await crypto.subtle.encrypt(algorithm, key, new Uint8Array(10_000_000).fill(5));
  const back = new Uint8Array(await crypto.subtle.decrypt(algorithm, key, data));
  return Response.json([data.byteLength, back.length, back.every((byte) => byte === 5)]);
};
