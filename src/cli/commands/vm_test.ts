import assert from "node:assert/strict";
import { FakeShell } from "../../../tests/fakes/fake_shell.ts";
import { main } from "../main.ts";

const mistakes: readonly [command: string, says: RegExp][] = [
  ["vm fly -- true", /mayfly vm cannot fly\nTry: mayfly vm run -- COMMAND/],
  ["vm bnch true", /Try: mayfly vm bench -- COMMAND/],
  ["vm python3 -c 1", /mayfly vm cannot python3\nTry: mayfly vm run -- COMMAND/],
  ["vm run", /mayfly vm needs COMMAND/],
  ["vm run --mem 64 true", /no option --mem\nTry: --memory,/],
  ["vm run --deadline 5 true", /Try: --deadline-ms,/],
  ["vm run --timeout 5 true", /Try: --deadline-ms,/],
  ["vm run -v /a true", /Try: --view,/],
  ["vm run --deadline-ms 1e3 true", /cannot be 1e3\nTry: .*1 to 4294967295/],
];

for (const [command, says] of mistakes) {
  Deno.test(`is told what to try: mayfly ${command}`, async () => {
    const shell = new FakeShell();
    assert.equal(await main(command.split(" "), shell), 2);
    assert.match(shell.notes, /^Error: .*\nTry: .*\n$/);
    assert.match(shell.notes, says);
    assert.equal(shell.out, "");
  });
}

for (const command of ["vm", "vm help", "vm run --help", "vm bench --help"]) {
  Deno.test(`the help of vm shows examples and exit codes: mayfly ${command}`, async () => {
    const shell = new FakeShell();
    assert.equal(await main(command.split(" "), shell), 0);
    for (const what of ["mayfly vm run python3", "mayfly vm bench --request", "124 ", "125 ", "126 ", "127 ", "128+"]) {
      assert.ok(shell.out.includes(what), what);
    }
  });
}
