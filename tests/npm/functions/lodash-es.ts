import { cloneDeep, countBy, flow, kebabCase, orderBy, uniqWith, isEqual } from "lodash-es";

export default () =>
  Response.json([
    cloneDeep({ a: new Date(0), b: [/x/g.source, new Uint8Array([1, 2])] }),
    countBy(["one", "two", "three"], "length"),
    flow([(n: number) => n + 1, (n: number) => n * 2])(3),
    kebabCase("fooBar BAZ"),
    orderBy([{ a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 0 }], ["a", "b"], ["desc", "asc"]),
    uniqWith([{ x: 1 }, { x: 1 }], isEqual),
  ]);
