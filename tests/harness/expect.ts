import assert from "node:assert/strict";
import type { ErrorCode } from "../../src/errors.ts";
import { STATUS_OF } from "../../src/errors.ts";

/** What a test may say of an answer; what it leaves out is not looked at. */
export interface Expectation {
  readonly status?: number;
  readonly code?: ErrorCode;
  readonly text?: string | RegExp;
  readonly json?: unknown;
  /** Keys of a JSON answer that may have more. */
  readonly part?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
}

interface AnyAnswer {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly text: string;
}

export function expectAnswer(answer: AnyAnswer, expected: Expectation): void {
  if (expected.code !== undefined) return expectError(answer, expected.code);
  assert.equal(
    answer.status,
    expected.status ?? 200,
    `status, with the body ${JSON.stringify(answer.text.slice(0, 500))}`,
  );
  if (expected.text instanceof RegExp) assert.match(answer.text, expected.text);
  else if (expected.text !== undefined) assert.equal(answer.text, expected.text);
  if (expected.json !== undefined) assert.deepEqual(JSON.parse(answer.text), expected.json);
  for (const [key, value] of Object.entries(expected.part ?? {})) {
    assert.deepEqual(JSON.parse(answer.text)[key], value, `${key} of ${answer.text.slice(0, 500)}`);
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const found = headerOf(answer, name);
    if (value instanceof RegExp) assert.match(found ?? "", value, name);
    else assert.equal(found, value, name);
  }
}

/** An error that the server made: its status, its code, and a body that agrees with the headers. */
export function expectError(answer: AnyAnswer, code: ErrorCode): void {
  const shown = `${answer.status} ${answer.text.slice(0, 500)}`;
  assert.match(headerOf(answer, "content-type") ?? "", /^application\/json\b/, shown);
  const { error } = JSON.parse(answer.text);
  assert.equal(error.code, code, shown);
  assert.equal(answer.status, STATUS_OF[code], shown);
  assert.equal(typeof error.message, "string", shown);
  assert.match(error.requestId, /^[A-Za-z0-9._-]{1,64}$/, shown);
  assert.equal(error.requestId, headerOf(answer, "x-request-id"), shown);
}

export function headerOf(answer: AnyAnswer, name: string): string | null {
  for (const [key, value] of answer.headers) if (key === name) return value;
  return null;
}
