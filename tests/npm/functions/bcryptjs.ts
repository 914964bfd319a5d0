import bcrypt from "bcryptjs";

const hash = "$2b$04$abcdefghijklmnopqrstuuQ0kkZ6Zt5JBmHTRDgG5a3yjzqVbXQDi";

export default async () =>
  Response.json([
    bcrypt.hashSync("secret", "$2b$04$abcdefghijklmnopqrstuu"),
    await bcrypt.compare("secret", hash),
    bcrypt.getRounds(hash),
  ]);
