import assert from "node:assert/strict";
import { SETTINGS } from "../../tests/fakes/fake_tier.ts";
import { FakeShell } from "../../tests/fakes/fake_shell.ts";
import type { DeployEvent } from "../observe/events.ts";
import type { FunctionEntry } from "../registry/function.ts";
import { HOME } from "../types.ts";
import { Report } from "./report.ts";

const ADDRESS = { hostname: "127.0.0.1", port: 8000 };

const NO_TROUBLE = { state: "ready", rolledBackFrom: null, unavailable: null, error: null } as const;

function entry(name: string, more: Partial<FunctionEntry> = {}): FunctionEntry {
  const active = {
    version: "v1",
    kind: "handler",
    settings: SETTINGS,
    language: "js",
    why: null,
    snapshot: null,
  } as const;
  const id = { tenant: HOME, name };
  return { id, file: `${name}.ts`, route: `/${name}`, active, ...NO_TROUBLE, ...more };
}

function deploy(more: Partial<DeployEvent>): DeployEvent {
  const facts = { version: "v1", route: "/f", tier: "wasm", kind: "handler", buildMs: 12.3, error: null } as const;
  return { type: "deploy", atMs: 0, id: { tenant: HOME, name: "f" }, state: "ready", ...facts, ...more };
}

function report(entries: FunctionEntry[]): { shell: FakeShell; report: Report } {
  const shell = new FakeShell();
  const report = new Report(shell);
  report.ready(entries, ADDRESS);
  return { shell, report };
}

Deno.test("the start is told by a table of the functions, and last where the server listens", () => {
  const { shell } = report([
    entry("hello"),
    entry("score", { id: { tenant: "acme", name: "score" }, route: "/score" }),
  ]);
  const lines = shell.out.trimEnd().split("\n");
  assert.match(lines[0], /NAME +URL +TIER +LANGUAGE +HANDLER +STATE/);
  assert.match(lines[2], /^hello +http:\/\/127\.0\.0\.1:8000\/hello +wasm +js +handler +ready$/);
  assert.match(lines[1], /^@acme\/score +http:\/\/127\.0\.0\.1:8000\/@acme\/score +wasm/);
  assert.match(lines[3], /^Listening on http:\/\/127\.0\.0\.1:8000\/ with 2 functions$/);
});

Deno.test("a failed function has the first line of its error below it", () => {
  const broken = entry("broken", {
    state: "failed",
    active: null,
    error: "broken.ts:2:9: Expected a name\n  2 | const =",
  });
  const { shell } = report([broken]);
  assert.match(
    shell.out,
    /broken .* - +- +- +failed\n {2}broken\.ts:2:9: Expected a name\nListening .* 1 of them failed\n/,
  );
});

Deno.test("a function that surprises with its tier has the reason below it", () => {
  const active = { ...entry("f").active!, settings: { ...SETTINGS, tier: "vm" }, why: "uses node:net" } as const;
  assert.match(report([entry("f", { active })]).shell.out, /^f .* vm +js .*\n {2}vm: uses node:net\n/m);
  const score = { id: { tenant: "acme", name: "score" }, active };
  assert.doesNotMatch(report([entry("f", score)]).shell.out, /vm: /);
});

Deno.test("a deploy tells why a function is in the VM tier", () => {
  const { shell, report: live } = report([]);
  live.event(deploy({ tier: "vm", why: "Python" }));
  assert.match(shell.out, /deployed f .* vm, handler {2}version v1 {2}12 ms {2}vm: Python\n/);
});

Deno.test("a function that no tier of this server runs says why", () => {
  assert.match(report([entry("f", { active: null, unavailable: "no VM tier" })]).shell.out, /\n {2}no VM tier\n/);
});

Deno.test("ten thousand functions are told in a few lines", () => {
  const { shell } = report(Array.from({ length: 10_000 }, (_, n) => entry(`f${n}`)));
  assert.ok(shell.out.split("\n").length < 60);
  assert.match(shell.out, /\n… and 9950 more\n/);
});

Deno.test("deploys are told as they happen, but not before the table", () => {
  const shell = new FakeShell();
  const report = new Report(shell);
  report.event(deploy({}));
  assert.equal(shell.out, "");
  report.ready([], ADDRESS);
  shell.out = "";
  report.event(deploy({ state: "building" }));
  report.event(deploy({}));
  report.event({ type: "removed", atMs: 0, id: { tenant: "acme", name: "f" } });
  assert.equal(shell.out, "deployed f  http://127.0.0.1:8000/f  wasm, handler  version v1  12 ms\nremoved @acme/f\n");
});

Deno.test("a failed deploy is told with its place, and in no more than a screen", () => {
  const { shell, report: failing } = report([]);
  const error = `f.ts:2:9: Expected a name\n${"x".repeat(1e6)}\n${"at x\n".repeat(1000)}`;
  failing.event(deploy({ state: "failed", version: null, tier: null, kind: null, error }));
  assert.match(shell.out, /^failed f {2}http:.*\n {2}f\.ts:2:9: Expected a name$/m);
  assert.ok(shell.out.split("\n").length < 30);
  assert.ok(shell.out.length < 5000);
});

Deno.test("a failed deploy says which version serves on", () => {
  const { shell, report: failing } = report([]);
  failing.event(deploy({ state: "failed", error: "f.ts:2:9: Expected a name", buildMs: null }));
  assert.match(shell.out, /^failed f {2}http:\S+ {2}wasm, handler {2}version v1 serves on\n {2}f\.ts:2:9: /m);
});

Deno.test("what a guest says is not for everybody", () => {
  const { shell, report: asked } = report([]);
  shell.out = "";
  const id = { tenant: HOME, name: "f" };
  asked.event({ type: "log", atMs: 0, version: "v1", requestId: null, level: "info", id, text: "hi" });
  assert.equal(shell.out, "");
});

Deno.test("what the server has to say of itself is shown with its cause", () => {
  const { shell, report: asked } = report([]);
  asked.event({ type: "server", atMs: 0, level: "error", message: "Cannot write", detail: "disk full\n  at x" });
  assert.match(shell.out, /^error Cannot write\n {2}disk full\n {4}at x$/m);
});
