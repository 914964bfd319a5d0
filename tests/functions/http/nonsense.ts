/** A handler that returns what the query names, none of it a Response. */
const values: Record<string, unknown> = {
  nothing: undefined,
  null: null,
  number: 42,
  text: "text",
  object: { status: 200 },
  "a resolved number": Promise.resolve(42),
};

export default (req: Request) => values[new URL(req.url).searchParams.get("value")!] as Response;
