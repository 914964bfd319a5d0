import { parse, stringify, uneval } from "devalue";

export default () => {
  const value: Record<string, unknown> = { date: new Date(0), map: new Map([[1, new Set(["a"])]]), n: -0, re: /x/gi };
  value.self = value;
  const text = stringify(value);
  return Response.json([text, uneval(value), parse(text).self.map.get(1).has("a")]);
};
