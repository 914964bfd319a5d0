import { parse, parseDocument, stringify } from "yaml";

export default () => {
  const document = parseDocument("# top\na: 1 # one\nb: [x, y]\n");
  document.set("c", { d: null });
  return Response.json([parse("a: &x {b: 1}\nc: *x\n"), stringify({ list: ["a", { b: "multi\nline" }] }), String(document)]);
};
