/** multipart/form-data, both ways. */
import { concatBytes } from "./binary.ts";
import { blobBytes, File } from "./blob.ts";
import { FormData } from "./form_data.ts";
import { type Bytes, native } from "./native.ts";
import { BytesBody } from "./payload.ts";
import { randomUUID } from "./random.ts";

const CRLF = "\r\n";

/** A name stands in quotes: what would end it or the line is escaped. */
const escapeName = (name: string): string =>
  name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
const normalizeLines = (text: string): string => text.replace(/\r\n|\r|\n/g, CRLF);

export function encodeMultipart(form: FormData): BytesBody {
  const boundary = `----mayfly-${randomUUID()}`;
  const pieces: Bytes[] = [];
  for (const [name, value] of form) {
    const disposition = `--${boundary}${CRLF}content-disposition: form-data; name="${
      escapeName(normalizeLines(name))
    }"`;
    if (typeof value === "string") {
      pieces.push(native.utf8Encode(`${disposition}${CRLF}${CRLF}${normalizeLines(value)}${CRLF}`));
      continue;
    }
    const type = value.type === "" ? "application/octet-stream" : value.type;
    const head = `${disposition}; filename="${escapeName(value.name)}"${CRLF}content-type: ${type}${CRLF}${CRLF}`;
    pieces.push(native.utf8Encode(head), blobBytes(value), native.utf8Encode(CRLF));
  }
  pieces.push(native.utf8Encode(`--${boundary}--${CRLF}`));
  return new BytesBody(concatBytes(pieces), `multipart/form-data; boundary=${boundary}`);
}

const malformed = (what: string): TypeError => new TypeError(`Cannot read the body as a form: ${what}`);

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw malformed("its content type has no boundary");
  return boundary;
}

/** Where `sought` is at or after `from`, or -1. */
function find(bytes: Bytes, sought: Bytes, from: number): number {
  const last = bytes.length - sought.length;
  for (let at = bytes.indexOf(sought[0], from); at >= 0 && at <= last; at = bytes.indexOf(sought[0], at + 1)) {
    let matched = 1;
    while (matched < sought.length && bytes[at + matched] === sought[matched]) matched++;
    if (matched === sought.length) return at;
  }
  return -1;
}

const parameter = (disposition: string, name: string): string | undefined => {
  const match = new RegExp(`;\\s*${name}="([^"]*)"`, "i").exec(disposition) ??
    new RegExp(`;\\s*${name}=([^;\\s]+)`, "i").exec(disposition);
  return match?.[1].replace(/%0D/gi, "\r").replace(/%0A/gi, "\n").replace(/%22/g, '"');
};

function appendPart(form: FormData, head: string, content: Bytes): void {
  const fields = new Map(
    head.split(CRLF).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const disposition = fields.get("content-disposition") ?? "";
  const name = parameter(disposition, "name");
  if (!/^form-data\s*(;|$)/i.test(disposition) || name === undefined) throw malformed("a part of it has no name");
  const filename = parameter(disposition, "filename");
  if (filename === undefined) {
    form.append(name, native.utf8Decode(content, false)!);
  } else {
    form.append(name, new File([content], filename, { type: fields.get("content-type") ?? "text/plain" }));
  }
}

export function parseMultipart(bytes: Bytes, contentType: string): FormData {
  const form = new FormData();
  const boundary = boundaryOf(contentType);
  const opening = native.utf8Encode(`--${boundary}`);
  const delimiter = native.utf8Encode(`${CRLF}--${boundary}`);
  const headEnd = native.utf8Encode(CRLF + CRLF);
  const DASH = 0x2d;
  let at = find(bytes, opening, 0);
  if (at !== 0 && !(at > 1 && bytes[at - 1] === 0x0a)) throw malformed("it does not begin with its boundary");
  at += opening.length;
  while (!(bytes[at] === DASH && bytes[at + 1] === DASH)) {
    if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) throw malformed("a boundary is not followed by a line break");
    // A part may have no header at all: its head ends where it begins.
    const contentStart = find(bytes, headEnd, at);
    const contentEnd = contentStart < 0 ? -1 : find(bytes, delimiter, contentStart + 2);
    if (contentEnd < 0) throw malformed("it ends in the middle of a part");
    const head = native.utf8Decode(bytes.subarray(at + 2, contentStart), false)!;
    appendPart(form, head, bytes.slice(contentStart + headEnd.length, contentEnd));
    at = contentEnd + delimiter.length;
  }
  return form;
}
