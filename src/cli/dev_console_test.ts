import assert from "node:assert/strict";
import { FakeShell } from "../../tests/fakes/fake_shell.ts";
import type { LogEvent, RequestEvent } from "../observe/events.ts";
import { failure } from "../outcome.ts";
import { HOME } from "../types.ts";
import { DevConsole } from "./dev_console.ts";

const ID = { tenant: HOME, name: "f\x1b" };
const LOG: LogEvent = {
  type: "log",
  atMs: 0,
  version: "v1",
  requestId: null,
  level: "info",
  id: ID,
  text: "\x1b[2Jhi",
};
const REQUEST: RequestEvent = {
  type: "request",
  atMs: 0,
  id: ID,
  version: "v1",
  requestId: "r-1",
  method: "GET",
  path: "/f",
  outcome: failure("exception", "The function threw", { detail: "Error: x\n  at bundle.js:1:1" }),
  wallMs: 1,
};

function started(explain = (text: string) => Promise.resolve(`<${text}>`)) {
  const shell = new FakeShell();
  const dev = new DevConsole(shell);
  dev.begin((_id, _version, text) => explain(text));
  return { shell, dev };
}

/** All that was told by now is printed a turn later. */
const printed = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("what a guest says commands no terminal", async () => {
  const { shell, dev } = started();
  dev.event(LOG);
  await printed();
  assert.equal(shell.out, "1970-01-01T00:00:00.000Z info  f\\x1b <\\x1b[2Jhi>\n");
});

Deno.test("a request that failed is told with its id, function, code and stack", async () => {
  const { shell, dev } = started((text) => Promise.resolve(text.replace("bundle.js", "f.ts")));
  dev.event(REQUEST);
  await printed();
  const [head, ...stack] = shell.out.trimEnd().split("\n");
  assert.match(head, / error f\S+ GET \/f: exception: The function threw \(request r-1\)$/);
  assert.deepEqual(stack, ["    Error: x", "      at f.ts:1:1"]);
});

Deno.test("what went well, or is the caller's mistake, is not told", async () => {
  const { shell, dev } = started();
  dev.event({ ...REQUEST, outcome: failure("method_not_allowed", "no") });
  dev.event({ ...REQUEST, outcome: { code: "ok", status: 500, usage: null as never } });
  await printed();
  assert.equal(shell.out, "");
});

Deno.test("lines stay in order, those whose stack cannot be read too, and those that come too fast are counted", async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  const { shell, dev } = started((text) => text === "slow" ? promise : Promise.resolve(text));
  dev.event({ ...LOG, text: "slow" });
  for (let n = 0; n < 1500; n++) dev.event({ ...LOG, text: `${n}` });
  reject(new Error("no map"));
  await printed();
  const lines = shell.out.trimEnd().split("\n");
  assert.match(lines[0], / slow$/);
  assert.equal(lines[1], "501 lines of functions are left out: they came too fast");
  assert.match(lines.at(-1)!, / 998$/);
});
