/** Tables of expressions with their values in JSON: evaluated together, in one sandbox, tested one by one. */
import assert from "node:assert/strict";
import { ExitCode } from "./frames.ts";
import { deploy } from "./host.ts";

/** What it says about the interface, an expression or a body with `return`, what it is worth. `Throws` names an error. */
export type Expression = [property: string, code: string, expected: unknown];

export const throws = (name: string) => ({ thrown: name });

const bodyOf = (code: string): string => /\breturn\b/.test(code) ? code : `return (${code});`;

export function testExpressions(expressions: readonly Expression[], helpers = ""): void {
  let values: Promise<unknown[]> | undefined;
  const evaluate = async (): Promise<unknown[]> => {
    const functions = expressions.map(([, code]) => `async () => { ${bodyOf(code)} }`).join(",\n");
    const func = await deploy(`${helpers}
      const cases = [${functions}];
      const settle = (run) => run().then(
        (value) => value === undefined ? null : value,
        (error) => ({ thrown: error?.name ?? String(error) }),
      );
      export default async () => {
        const values = [];
        for (const run of cases) values.push(await settle(run));
        return Response.json(values);
      };`);
    const { exit, text } = func.call();
    assert.equal(exit?.code, ExitCode.OK, exit?.text ?? "it never ended");
    return JSON.parse(text);
  };
  expressions.forEach(([property, code, expected], i) => {
    Deno.test(property, async () => {
      values ??= evaluate();
      assert.deepEqual((await values)[i], expected, code);
    });
  });
}
