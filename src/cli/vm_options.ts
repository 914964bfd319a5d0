import { UsageError } from "./usage_error.ts";
import type { Values } from "./command.ts";

export const VM_OPTIONS = {
  memory: { type: "string", value: "MB", help: "memory of the VM (1024); 64M and 2G are understood too" },
  "deadline-ms": { type: "string", value: "N", help: "run: ends it after so long (never)", also: ["timeout"] },
  view: {
    type: "string",
    value: "PATH",
    multiple: true,
    help: "shows a file or folder of this host, read-only",
    also: ["volume"],
  },
  env: { type: "string", value: "NAME=VALUE", multiple: true, help: "sets a variable" },
  trace: { type: "boolean", help: "run: shows the system calls, on standard error" },
  snapshot: { type: "string", value: "FILE", help: "run: writes a snapshot when it first waits for its input" },
  request: { type: "string", value: "TEXT", help: 'bench: what it reads each time ({"name":"bob",...})' },
  runs: { type: "string", value: "N", help: "bench: how often, 4 to 100000 (1000)" },
  json: { type: "boolean", help: "bench: prints JSON" },
} as const;

const MEMORY_MOST_MB = 32_768;
const DEADLINE_MOST_MS = 0xffff_ffff;
const SIZE = /^(\d{1,10})(M|MB|MiB|G|GB|GiB)?$/i;

/** As the engine's program takes them. */
export function engineOptions(values: Values<typeof VM_OPTIONS>): string[] {
  const { memory, "deadline-ms": deadline, request } = values;
  const checked = {
    ...values,
    ...memory !== undefined && { memory: String(megabytes(memory)) },
    ...deadline !== undefined && { "deadline-ms": String(milliseconds(deadline)) },
    ...request !== undefined && { request: asLine(request) },
  };
  return Object.entries(checked).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [value].flat().flatMap((one) => [`--${name}`, String(one)])
  );
}

/** A program that reads lines would wait for the end of this one. */
const asLine = (text: string): string => text.endsWith("\n") ? text : `${text}\n`;

function megabytes(text: string): number {
  const [, digits, unit] = SIZE.exec(text) ?? [];
  const size = Number(digits) * (/^g/i.test(unit ?? "") ? 1024 : 1);
  if (size >= 1 && size <= MEMORY_MOST_MB) return size;
  throw new UsageError(
    `--memory cannot be ${text}`,
    `--memory with megabytes, 1 to ${MEMORY_MOST_MB}, or as in 64M, 2G`,
  );
}

function milliseconds(text: string): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= DEADLINE_MOST_MS) return count;
  throw new UsageError(
    `--deadline-ms cannot be ${text}`,
    `--deadline-ms with milliseconds, 1 to ${DEADLINE_MOST_MS}`,
  );
}
