import { enablePatches, produce, produceWithPatches } from "immer";

enablePatches();

export default () => {
  const before = { list: [1, 2], nested: { a: { b: 1 } } };
  const after = produce(before, (draft) => void draft.list.push(3));
  return Response.json([after, after.nested === before.nested, produceWithPatches(before, (draft) => void (draft.nested.a.b = 2))]);
};
