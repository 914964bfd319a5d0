import * as R from "ramda";

export default () =>
  Response.json([
    R.pipe(R.filter((n: number) => n % 2 === 1), R.map(R.multiply(2)), R.sum)([1, 2, 3, 4, 5]),
    R.assocPath(["a", "b"], 1, {}),
    R.groupBy((text: string) => text[0], ["ab", "ac", "b"]),
    R.equals({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }),
  ]);
