import { dump, load } from "js-yaml";

export default () => {
  const value = load("a: &x [1, 2.5, true, ~]\nb: *x\nc: |\n  text\n  more\nd: 2024-01-02\n");
  return Response.json([value, dump(value)]);
};
