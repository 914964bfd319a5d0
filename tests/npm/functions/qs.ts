import qs from "qs";

export default () => Response.json([qs.parse("a[b][c]=1&a[b][d][]=2&a[b][d][]=3&e=%20x"), qs.stringify({ a: { b: [1, 2] }, c: "ü&" })]);
