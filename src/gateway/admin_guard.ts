import { createHash, timingSafeEqual } from "node:crypto";
import { MayflyError } from "../errors.ts";

/** What may be asked without a token, by whoever watches over the server. */
const OPEN: ReadonlySet<string> = new Set(["/_mayfly/health", "/_mayfly/ready"]);

/** Decides who may use the admin API. */
export class AdminGuard {
  readonly #token: Uint8Array;

  constructor(token: string) {
    this.#token = digest(token);
  }

  /** Throws a MayflyError. */
  check(request: Request, path: string): void {
    const origin = request.headers.get("origin");
    // Browsers write an origin in one way only: scheme, host, and the port where it is not the scheme's own.
    if (origin !== null && origin !== new URL(request.url).origin) {
      throw new MayflyError("forbidden", "The admin API takes no requests of other sites' pages");
    }
    if (OPEN.has(path)) return;
    const given = /^Bearer ([^\s]+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    // Digests are of one length, and tell nothing of where two tokens differ.
    if (given === undefined || !timingSafeEqual(digest(given), this.#token)) {
      throw new MayflyError("unauthorized", "The admin API needs the token of the server's data folder");
    }
  }
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
