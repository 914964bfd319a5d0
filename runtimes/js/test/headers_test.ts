import { testExpressions, throws } from "./expressions.ts";

testExpressions([
  [
    "names are lower-cased, and found in any case",
    `const h = new Headers({ "X-Ab": "1" }); return [[...h], h.get("x-aB")]`,
    [[["x-ab", "1"]], "1"],
  ],
  ["values of one name are combined", `const h = new Headers([["a", "1"], ["A", "2"]]); return [h.get("a"), [...h]]`, [
    "1, 2",
    [["a", "1, 2"]],
  ]],
  ["a missing header is null", `new Headers().get("a")`, null],
  ["iteration is sorted by name", `[...new Headers({ b: "1", c: "2", a: "3" }).keys()]`, ["a", "b", "c"]],
  [
    "cookies are listed one by one",
    `const h = new Headers(); h.append("set-cookie", "a"); h.append("Set-Cookie", "b"); return [[...h], h.getSetCookie()]`,
    [[["set-cookie", "a"], ["set-cookie", "b"]], ["a", "b"]],
  ],
  [
    "set replaces all of a name, in the first one's place",
    `const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.set("A", "4"); return [...h]`,
    [["a", "4"], ["b", "2"]],
  ],
  [
    "delete removes all of a name",
    `const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.delete("A"); return [[...h], h.has("a")]`,
    [[["b", "2"]], false],
  ],
  ["space around a value is dropped", `new Headers({ a: " \\t1 2\\r\\n" }).get("a")`, "1 2"],
  ["values may have Latin-1 characters", `new Headers({ a: "caf\\u00e9" }).get("a")`, "café"],
  ["values beyond Latin-1 are a TypeError", `new Headers({ a: "\\u20ac" })`, throws("TypeError")],
  ["a line break in a value is a TypeError", `new Headers({ a: "b\\nc" })`, throws("TypeError")],
  ["a zero in a value is a TypeError", `new Headers({ a: "b\\0c" })`, throws("TypeError")],
  ["an empty name is a TypeError", `new Headers({ "": "b" })`, throws("TypeError")],
  ["a name with a space is a TypeError, also for get", `new Headers().get("a b")`, throws("TypeError")],
  ["a name beyond ASCII is a TypeError", `new Headers({ "ä": "b" })`, throws("TypeError")],
  ["what is no pair is a TypeError", `new Headers([["a"]])`, throws("TypeError")],
  ["null is a TypeError", `new Headers(null)`, throws("TypeError")],
  ["values are made strings", `new Headers({ a: 1, b: null }).get("a") + new Headers({ b: null }).get("b")`, "1null"],
  [
    "a copy is independent",
    `const a = new Headers({ x: "1" }), b = new Headers(a); b.set("x", "2"); return [a.get("x"), b.get("x")]`,
    ["1", "2"],
  ],
  ["any iterable of pairs will do", `[...new Headers(new Map([["a", "1"]]))]`, [["a", "1"]]],
  [
    "forEach gives value, name, headers",
    `const seen = []; const h = new Headers({ a: "1" }); h.forEach(function (v, n, o) { seen.push(v, n, o === h, this.x) }, { x: 7 }); return seen`,
    ["1", "a", true, 7],
  ],
  [
    "an iterator sees changes",
    `const h = new Headers({ a: "1", b: "2" }); const seen = []; for (const [n] of h) { seen.push(n); if (n === "a") h.set("c", "3") } return seen`,
    ["a", "b", "c"],
  ],
  ["the default iterator is entries", `Headers.prototype[Symbol.iterator] === Headers.prototype.entries`, true],
  [
    "iterators have their name",
    `Object.prototype.toString.call(new Headers().keys()) + new Headers()`,
    "[object Headers Iterator][object Headers]",
  ],
  [
    "members are enumerable, the global is not",
    `[Object.keys(Headers.prototype).includes("get"), Object.keys(globalThis).includes("Headers")]`,
    [true, false],
  ],
  ["without new it is a TypeError", `Headers()`, throws("TypeError")],
  ["methods want a Headers", `Headers.prototype.get.call({}, "a")`, throws("TypeError")],
]);
