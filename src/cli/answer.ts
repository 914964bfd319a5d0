import { type ErrorCode, OperatorError, STATUS_OF } from "../errors.ts";
import { errorIn } from "./api_error.ts";
import { safeLines } from "./safe_text.ts";
import type { Shell } from "./shell.ts";
import { textLines } from "./text_lines.ts";

/** Throws what the server itself has to say of a call, where that is the answer. */
export async function throwServerError(response: Response, name: string): Promise<void> {
  if (response.ok || !response.headers.get("content-type")?.startsWith("application/json")) return;
  const error = errorIn(await response.clone().json().catch(() => null));
  // A function may answer with JSON that looks alike, but hardly with the status and the id that belong to it.
  if (!error || STATUS_OF[error.code as ErrorCode] !== response.status) return;
  if (error.requestId === undefined || error.requestId !== response.headers.get("x-request-id")) return;
  throw new OperatorError(
    `${error.message} (${response.status} ${error.code}, request ${error.requestId})`,
    hintFor(error.code, name),
  );
}

function hintFor(code: string, name: string): string {
  if (code === "not_found") return "mayfly ls, for what there is";
  if (code === "not_deployed") return `mayfly describe ${name}, for how its build went`;
  if (code === "overload" || code === "concurrency") return "again in a moment";
  return `mayfly logs ${name}, for what it wrote`;
}

/** The body as it comes: safe and line by line for a person, as it is for another program. */
export async function showBody({ body }: Response, shell: Shell): Promise<void> {
  if (body === null) return;
  if (!shell.isTerminal) {
    for await (const bytes of body) shell.write(bytes);
    return;
  }
  for await (const line of textLines(body)) {
    for (const safe of safeLines(line)) shell.print(safe);
  }
}

/** The whole answer as JSON; a body that is no text is told in base64. */
export async function describeAnswer(response: Response): Promise<Record<string, unknown>> {
  const bytes = await response.bytes();
  const text = textIn(bytes);
  return {
    status: response.status,
    headers: [...response.headers],
    body: text,
    ...(text === null && { bodyBase64: bytes.toBase64() }),
  };
}

function textIn(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
