/** Writes as many lines to its log as the query says, some of them very long. */
export default (req: Request) => {
  const lines = Number(new URL(req.url).searchParams.get("lines"));
  for (let n = 0; n < lines; n++) console.log(`line ${n} ${"x".repeat(n % 100 === 0 ? 20_000 : 100)}`);
  return new Response("said it all");
};
