import _ from "lodash";

export default () =>
  Response.json([
    _.groupBy([6.1, 4.2, 6.3], Math.floor),
    _.merge({ a: [{ b: 2 }] }, { a: [{ c: 3 }] }),
    _.template("hello <%= user %>!")({ user: "fred" }),
    _.camelCase("foo bar-baz"),
    _.chunk(_.range(7), 3),
    _.isEqual(new Map([[1, new Set([2])]]), new Map([[1, new Set([2])]])),
    _.debounce.length,
  ]);
