import superjson from "superjson";

export default () => {
  const text = superjson.stringify({ at: new Date(0), big: 10n, set: new Set([1]), none: undefined, map: new Map([["a", /x/i]]) });
  const back = superjson.parse<{ at: Date; big: bigint }>(text);
  return Response.json([text, back.at instanceof Date, `${back.big}`]);
};
