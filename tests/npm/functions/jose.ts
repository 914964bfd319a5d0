import { decodeJwt, jwtVerify, SignJWT } from "jose";

const key = new TextEncoder().encode("0123456789abcdef0123456789abcdef");

export default async () => {
  const token = await new SignJWT({ role: "admin" }).setProtectedHeader({ alg: "HS256" }).setSubject("ada")
    .setIssuedAt(1_700_000_000).sign(key);
  const { payload, protectedHeader } = await jwtVerify(token, key);
  const forged = await jwtVerify(`${token.slice(0, -4)}AAAA`, key).catch(({ code }) => code);
  return Response.json([token, payload, protectedHeader, forged, decodeJwt(token)]);
};
