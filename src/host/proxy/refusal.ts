import { NameError } from "../egress/egress.ts";
import { explain } from "../fetch/failure.ts";

/** An answer of the proxy's own: most clients show their callers nothing but its status line. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(readonly status: 400 | 403 | 502, message: string) {
    super(message);
  }

  static forbidden(error: unknown): Refusal {
    return new Refusal(error instanceof NameError ? 502 : 403, explain(error).message);
  }

  static ofFailure(error: unknown): Refusal {
    return error instanceof Refusal ? error : new Refusal(502, explain(error).message);
  }

  /** Without what would end a status line. */
  get reason(): string {
    return this.message.replaceAll(/[^\x20-\x7e]/g, "?");
  }

  get body(): string {
    return `Mayfly's proxy: ${this.reason}\n`;
  }

  /** For a connection that speaks HTTP no further. */
  get text(): string {
    const head = ["content-type: text/plain", `content-length: ${this.body.length}`, "connection: close"];
    return [`HTTP/1.1 ${this.status} ${this.reason}`, ...head, "", this.body].join("\r\n");
  }
}
