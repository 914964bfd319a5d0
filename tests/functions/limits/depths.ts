/** Things that are too deep, by the query's `kind`. All of them are errors that a program can catch. */
const depths: Record<string, () => unknown> = {
  recursion: function recursion(): unknown {
    return [recursion()];
  },
  "mutual recursion": () => {
    const even = (n: number): number => odd(n + 1) + 1;
    const odd = (n: number): number => even(n + 1) + 1;
    return even(0);
  },
  "recursion through sort": function through(): unknown {
    return [2, 1].sort(() => (through(), 0));
  },
  "recursion through toString": () => {
    const object = { toString: (): string => `${object}` };
    return `${object}`;
  },
  "JSON of a circle": () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    return JSON.stringify(circle);
  },
};

export default (req: Request) => {
  const query = new URL(req.url).searchParams;
  try {
    depths[query.get("kind")!]();
  } catch (error) {
    if (query.has("catch")) return new Response((error as Error).name);
    throw error;
  }
  return new Response("there was room");
};
