/** Prints what endless recursions end in; a program of its own, since it wants a deeper stack than tests have. */
import { evaluate } from "./host.ts";

const RECURSIONS = {
  "a function": "const f = () => f() + 1; f();",
  "a method": "const o = { m() { return this.m() + 1; } }; o.m();",
  "an async function": "const f = async () => { await f(); }; await f();",
  "a getter": "const o = { get a() { return this.a; } }; o.a;",
  "a proxy": "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x;",
  "a callback": "const f = () => [1].map(f); f();",
  "a sort": "const f = () => [2, 1].sort(f); f();",
  "a replacement": "const f = () => 'x'.replace(/x/, f); f();",
  "toString": "const o = { toString() { return `${o}`; } }; `${o}`;",
  "a constructor": "class A { constructor() { new A(); } } new A();",
  "structuredClone": "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; structuredClone(o);",
};

const outcomes: Record<string, unknown> = {};
for (const [name, code] of Object.entries(RECURSIONS)) {
  outcomes[name] = await evaluate(`try { ${code} return "ended"; } catch (error) { return error.name; }`);
}
console.log(JSON.stringify(outcomes));
