import assert from "node:assert/strict";
import { expectAnswer, type Server, sharedServer, Wire, type WireAnswer } from "../harness.ts";
import { type Case, CASES, UNCAUGHT } from "./cases.ts";

/** A runtime's guest, and the name under which it is dropped. */
export interface Guest {
  readonly runtime: string;
  readonly program: Uint8Array<ArrayBuffer>;
  readonly file: string;
  /** Of a runtime whose programs have no place for them. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What an error is that nobody caught: a language may have exceptions, a program can only crash. */
  readonly uncaught: "exception" | "crash";
  /** This machine cannot run it. */
  readonly ignore?: boolean;
}

/** Registers all cases for a runtime: the only thing that a new one has to bring is its guest. */
export function testConformance({ runtime, program, file, settings, uncaught, ignore = false }: Guest): void {
  if (ignore) {
    for (const { property } of CASES) Deno.test({ name: `${runtime}: ${property}`, ignore, fn: () => {} });
    return;
  }
  const manifest = { functions: { guest: { ...settings, env: { OWN: "1" } } } };
  const shared = sharedServer({ files: { [file]: program, "mayfly.json": JSON.stringify(manifest) } });

  for (const one of CASES) {
    Deno.test(`${runtime}: ${one.property}`, async () => {
      const answer = await send(shared.server, one);
      expectAnswer(answer, one.expected === UNCAUGHT ? { code: uncaught } : one.expected);
      assert.equal(answer.complete, !one.cut, "the answer is complete");
    });
  }

  Deno.test(`${runtime}: a guest is well after all of it, and each request's randomness is its own`, async () => {
    const behaviour = "random";
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(shared.server, { behaviour })));
    assert.equal(new Set(answers.map(({ text }) => text)).size, 20);
  });

  Deno.test(`${runtime}: what a guest writes is in its log`, async () => {
    const lines = await shared.server.admin.logs("guest");
    assert.ok(lines.some(({ text }) => text.includes("a line")), JSON.stringify(lines.slice(-20)));
  });
}

async function send(
  server: Server,
  { behaviour, request = {} }: Pick<Case, "behaviour" | "request">,
): Promise<WireAnswer> {
  const { method = "GET", headers = [], body, query = {} } = request;
  const target = `/guest?${new URLSearchParams({ do: behaviour, ...query })}`;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const length = bytes ? [`content-length: ${bytes.length}`] : [];
  using wire = await Wire.open(server);
  await wire.request(method, target, [...headers.map(([name, value]) => `${name}: ${value}`), ...length]);
  if (bytes) await wire.send(bytes);
  return await wire.answer(method);
}
