/** What came in, and several of one name going out. */
export default (req: Request) => {
  const headers = new Headers({ "content-type": "application/json" });
  for (const cookie of ["a=1; Path=/", "b=2", "c=3; HttpOnly"]) headers.append("set-cookie", cookie);
  headers.append("vary", "accept");
  headers.append("vary", "origin");
  // All of these are the server's to say.
  headers.set("x-request-id", "forged");
  headers.set("x-mayfly-start", "forged");
  headers.set("transfer-encoding", "forged");
  headers.set("connection", "forged");
  return new Response(JSON.stringify([...req.headers]), { headers });
};
