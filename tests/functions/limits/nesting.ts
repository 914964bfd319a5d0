/** Text that is nested too deeply for a parser: it may be an error or the end of the sandbox, never of the server. */
const nested: Record<string, () => unknown> = {
  "JSON": () => JSON.parse("[".repeat(1_000_000) + "]".repeat(1_000_000)),
  "code": () => new Function("return " + "(".repeat(200_000) + ")".repeat(200_000)),
  "regular expression": () => new RegExp("(".repeat(100_000) + ")".repeat(100_000)),
  "stringify": () => {
    let deep: unknown = 0;
    for (let n = 0; n < 200_000; n++) deep = [deep];
    return JSON.stringify(deep);
  },
};

export default (req: Request) => {
  nested[new URL(req.url).searchParams.get("kind")!]();
  return new Response("it was parsed");
};
