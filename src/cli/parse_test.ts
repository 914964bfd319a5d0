import assert from "node:assert/strict";
import { parse } from "./parse.ts";
import { editDistance, suggest } from "../suggest.ts";
import { UsageError } from "./usage_error.ts";

const COMMAND = {
  operands: ["NAME", "[VERSION]"],
  options: {
    data: { type: "string", value: "DIR", help: "" },
    header: { type: "string", short: "H", multiple: true, value: "HEADER", help: "" },
    json: { type: "boolean", short: "j", help: "" },
  },
} as const;

const SERVE = { operands: [], options: { port: { type: "string", value: "PORT", help: "" } } } as const;

Deno.test("options and operands may stand in any order", () => {
  const { values, operands } = parse("x", COMMAND, ["--json", "f", "--data=d", "-H", "a: b", "v1", "-Hc: d"]);
  assert.deepEqual({ ...values }, { json: true, data: "d", header: ["a: b", "c: d"] });
  assert.deepEqual(operands, ["f", "v1"]);
});

Deno.test("behind -- everything is an operand", () => {
  assert.deepEqual(parse("x", COMMAND, ["--", "-f"]).operands, ["-f"]);
});

Deno.test("where the last operand is any number, all behind -- belongs to it", () => {
  const command = { ...COMMAND, operands: ["ACTION", "COMMAND..."] };
  const { values, operands } = parse("vm", command, ["run", "--data", "d", "--", "ls", "--json", "a"]);
  assert.deepEqual({ ...values }, { data: "d" });
  assert.deepEqual(operands, ["run", "ls", "--json", "a"]);
  assert.throws(() => parse("vm", command, ["run"]), { hint: "mayfly vm ACTION -- COMMAND..." });
});

Deno.test("without -- the first word of the command ends the options", () => {
  const command = { ...COMMAND, operands: ["ACTION", "COMMAND..."] };
  const { values, operands } = parse("vm", command, ["run", "--data", "d", "ls", "--json", "--", "-c"]);
  assert.deepEqual({ ...values }, { data: "d" });
  assert.deepEqual(operands, ["run", "ls", "--json", "--", "-c"]);
  assert.throws(() => parse("vm", command, ["run", "--jsom", "ls"]), { hint: /--json/ });
});

Deno.test("an option by another program's name is told by ours", () => {
  const options = { "deadline-ms": { type: "string", value: "N", help: "", also: ["timeout"] } } as const;
  assert.throws(() => parse("x", { operands: [], options }, ["--timeout", "5"]), { hint: /^--deadline-ms,/ });
});

Deno.test("the -- of a task is dropped where a command has no operands", () => {
  assert.equal(parse("serve", SERVE, ["--", "--port", "1"]).values.port, "1");
});

Deno.test("a value that begins with a dash takes the form with =", () => {
  assert.equal(parse("x", COMMAND, ["f", "--data=-5"]).values.data, "-5");
  assert.equal(parse("x", COMMAND, ["f", "--data", "-"]).values.data, "-");
});

const mistakes: readonly { args: string[]; says: RegExp; hint: RegExp }[] = [
  { args: ["f", "--jsom"], says: /no option --jsom/, hint: /--json/ },
  { args: ["f", "--zzzzzz"], says: /no option --zzzzzz/, hint: /x --help/ },
  { args: ["f", "-z"], says: /no option -z/, hint: /--help/ },
  { args: ["f", "--constructor"], says: /no option --constructor/, hint: /--help/ },
  { args: ["f", "--json=1"], says: /--json takes no value/, hint: /--json/ },
  { args: ["f", "--data"], says: /--data needs a value/, hint: /--data=DIR/ },
  { args: ["f", "--data", "--json"], says: /--data needs a value/, hint: /--data=DIR/ },
  { args: [], says: /needs NAME/, hint: /mayfly x NAME \[VERSION\]/ },
  { args: ["f", "v", "w"], says: /does not take w/, hint: /mayfly x NAME \[VERSION\]/ },
];

for (const { args, says, hint } of mistakes) {
  Deno.test(`is told what to try: x ${args.join(" ")}`, () => {
    assert.throws(
      () => parse("x", COMMAND, args),
      (error) => error instanceof UsageError && says.test(error.message) && hint.test(error.hint),
    );
  });
}

Deno.test("the distance of two words is how many letters differ", () => {
  for (
    const [a, b, distance] of [["", "abc", 3], ["serve", "srve", 1], ["logs", "lags", 1], ["ls", "sl", 2]] as const
  ) {
    assert.equal(editDistance(a, b), distance);
    assert.equal(editDistance(b, a), distance);
  }
});

Deno.test("only a word that is near is suggested", () => {
  const known = ["serve", "ls", "describe", "versions"];
  assert.equal(suggest("server", known), "serve");
  assert.equal(suggest("descirbe", known), "describe");
  assert.equal(suggest("xyzzy", known), null);
  assert.equal(suggest("ver", known), "versions");
  assert.equal(suggest("two", ["thr", "one"]), null);
  assert.equal(suggest("gret", ["grit-and-more", "greet"]), "greet");
  assert.equal(suggest("a", ["b"]), null);
  assert.equal(suggest("ser", ["service-begin", "service-end-at"]), null);
});
