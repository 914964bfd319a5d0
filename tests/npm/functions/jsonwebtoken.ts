import jwt from "jsonwebtoken";

export default () => {
  const token = jwt.sign({ role: "admin", iat: 1_700_000_000 }, "secret", { subject: "ada" });
  return Response.json([token, jwt.verify(token, "secret"), jwt.decode(token, { complete: true })]);
};
