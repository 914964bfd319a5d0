import { MayflyError } from "../errors.ts";

/** Where a request goes, in the one form that routing, guest and log all see. */
export interface Address {
  /** As the client sent it, checked: `acme.localhost:8000`. */
  readonly host: string;
  /** The label before one of the server's domains, or null: the home tenant's address. */
  readonly tenantHost: string | null;
  /** Normalised as the URL standard does; starts with a slash. */
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
}

const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]{0,252})|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i;
/** Paths that the URL standard leaves as they are: no escapes, no dot segments, no character that it would encode. */
const PLAIN_PATH = /^\/(?!\.)[A-Za-z0-9\-_~!$&'()*+,;=:@.]*(?:\/(?!\.)[A-Za-z0-9\-_~!$&'()*+,;=:@.]*)*$/;
const REMEMBERED_HOSTS = 1024;

/** Reads `Host` and the request's target; one for a server, since what it learnt of hosts is kept. */
export class Addresses {
  readonly #suffixes: readonly string[];
  readonly #known = new Map<string, string | null>();

  constructor(domains: readonly string[]) {
    this.#suffixes = domains.map((domain) => `.${domain.toLowerCase()}`);
  }

  /**
   * `url` is Deno's `http://` + Host + target, unescaped: a Host with a slash in it would move the path, and a target
   * in absolute form brings a host of its own. Both are refused: the URL has to start with the very Host that was sent.
   */
  parse(host: string | null, url: string): Address {
    if (host === null) throw new MayflyError("bad_request", "Cannot route the request: it has no Host header");
    let tenantHost = this.#known.get(host);
    if (tenantHost === undefined) {
      tenantHost = this.#tenantOf(host);
      if (this.#known.size >= REMEMBERED_HOSTS) this.#known.clear();
      this.#known.set(host, tenantHost);
    }
    const start = url.indexOf("://") + 3;
    const end = start + host.length;
    if (!url.startsWith(host, start) && url.slice(start, end).toLowerCase() !== host.toLowerCase()) {
      throw new MayflyError(
        "bad_request",
        "Cannot route the request: its target names another host than its Host header",
      );
    }
    const rest = url.slice(end);
    if (rest.charCodeAt(0) !== SLASH) {
      throw new MayflyError("bad_request", "Cannot route the request: its target is not a path");
    }
    const mark = rest.indexOf("?");
    const rawPath = mark < 0 ? rest : rest.slice(0, mark);
    const query = mark < 0 ? "" : rest.slice(mark);
    return { host, tenantHost, path: PLAIN_PATH.test(rawPath) ? rawPath : normalise(rawPath), query };
  }

  #tenantOf(host: string): string | null {
    // A port over 65535 or an address of five parts looks right, and is no URL's.
    if (!HOST.test(host) || !URL.canParse(`http://${host}`)) {
      throw new MayflyError("bad_request", "Cannot read the Host header: it is not host[:port]");
    }
    const name = host.toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
    for (const suffix of this.#suffixes) {
      if (name.endsWith(suffix)) return name.slice(0, -suffix.length);
    }
    return null;
  }
}

const SLASH = 0x2f;

function normalise(rawPath: string): string {
  let path: string;
  try {
    path = new URL(`http://h${rawPath}`).pathname;
    if (decodeURIComponent(path).includes("\0")) throw new URIError("it holds a NUL");
  } catch {
    throw new MayflyError("bad_request", "Cannot read the path: it is not valid percent-encoded UTF-8");
  }
  return path;
}
