/** What a function may do with fetch: each case runs in a sandbox and in plain Deno, and has to tell the same of both. */

type Case = (origin: string) => unknown;

/** What of a response can be told apart. */
async function told(response: Response): Promise<unknown> {
  const { status, statusText, ok, type, redirected } = response;
  const headers = [...response.headers].filter(([name]) => name !== "date" && name !== "connection");
  return [status, statusText, ok, type, redirected, pathOf(response.url), headers, await response.text()];
}

/** Each run has an origin on a port of its own. */
const pathOf = (url: string): string => url.replace(/^http:\/\/[^/]*/, "");

/** What the server saw, without what says who asked. */
async function seen(response: Response): Promise<unknown> {
  const { method, url, headers, body } = await response.json();
  const { host: _, "user-agent": agent, connection: __, ...others } = headers;
  return [method, url, Object.entries(others).sort(), typeof agent, body];
}

const kindOf = (error: unknown): unknown => error instanceof Error ? error.name : error;

const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
    return "none";
  } catch (error) {
    return kindOf(error);
  }
};

const stream = (...pieces: string[]): ReadableStream<Uint8Array> =>
  ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece)));

const post = (origin: string, body: BodyInit, init: object = {}) =>
  fetch(`${origin}/echo`, { method: "POST", body, ...init });

const form = (): FormData => {
  const form = new FormData();
  form.append("a", "1");
  form.append("file", new Blob(["content"], { type: "text/x-test" }), "name.txt");
  return form;
};

const digest = async (response: Response): Promise<unknown> => {
  const bytes = new Uint8Array(await response.arrayBuffer());
  return [bytes.length, bytes.reduce((sum, byte, i) => (sum * 31 + byte + i) % 1_000_003, 7)];
};

const pattern = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).map((_, i) => i * 7 + (i >> 8));

async function pieces(body: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const piece of body) length += piece.length;
  return length;
}

const redirects: Record<string, Case> = {};
for (const status of [301, 302, 303, 307, 308]) {
  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"]) {
    const init = method === "POST" || method === "PUT" ? { method, body: "again" } : { method };
    redirects[`${status} after ${method}`] = async (origin) => {
      const response = await fetch(`${origin}/redirect/${status}?to=/echo`, init);
      return [response.redirected, pathOf(response.url), method === "HEAD" ? null : await seen(response)];
    };
  }
  redirects[`${status} is kept where it is manual`] = async (origin) =>
    await told(await fetch(`${origin}/redirect/${status}?to=/echo`, { redirect: "manual" }));
  redirects[`${status} fails where it is an error`] = (origin) =>
    failure(fetch(`${origin}/redirect/${status}?to=/echo`, { redirect: "error" }));
  redirects[`${status} of a stream`] = (origin) => {
    const init = { method: "POST", body: stream("a"), duplex: "half" };
    return failure(fetch(`${origin}/redirect/${status}?to=/echo`, init));
  };
}

const statuses: Record<string, Case> = {};
for (const status of [200, 201, 203, 204, 205, 206, 300, 304, 400, 404, 410, 418, 429, 500, 503, 599]) {
  statuses[`status ${status}`] = async (origin) => await told(await fetch(`${origin}/status/${status}`));
}

const encodings: Record<string, Case> = {};
for (const encoding of ["gzip", "br", "identity", "x-gzip", "GZIP", "zstd"]) {
  encodings[`content-encoding ${encoding}`] = async (origin) =>
    await told(await fetch(`${origin}/encoded/${encoding}`));
  encodings[`HEAD of content-encoding ${encoding}`] = async (origin) =>
    await told(await fetch(`${origin}/encoded/${encoding}`, { method: "HEAD" }));
}

const bodies: Record<string, Case> = {
  "a text": async (origin) => await seen(await post(origin, "grüße")),
  "bytes": async (origin) => await seen(await post(origin, new Uint8Array([1, 2, 3]))),
  "an ArrayBuffer": async (origin) => await seen(await post(origin, new Uint8Array([1, 2, 3]).buffer)),
  "a part of a buffer": async (origin) => await seen(await post(origin, new Uint8Array([1, 2, 3, 4]).subarray(1, 3))),
  "a DataView": async (origin) => await seen(await post(origin, new DataView(new Uint8Array([65, 66, 67]).buffer, 1))),
  "a blob with a type": async (origin) => await seen(await post(origin, new Blob(["b"], { type: "text/x-b" }))),
  "a blob without a type": async (origin) => await seen(await post(origin, new Blob(["b"]))),
  "parameters": async (origin) => await seen(await post(origin, new URLSearchParams("a=1&b=%20"))),
  "a form": async (origin) => {
    const { headers, body } = await (await post(origin, form())).json();
    const boundary = /boundary=(.+)$/.exec(headers["content-type"])![1];
    return [headers["content-length"] === `${body.length}`, body.replaceAll(boundary, "boundary").toLowerCase().trim()];
  },
  "a stream": async (origin) => await seen(await post(origin, stream("a", "bc"), { duplex: "half" })),
  "an empty stream": async (origin) => await seen(await post(origin, stream(), { duplex: "half" })),
  "an empty text": async (origin) => await seen(await post(origin, "")),
  "nothing by POST": async (origin) => await seen(await fetch(`${origin}/echo`, { method: "POST" })),
  "nothing by PUT": async (origin) => await seen(await fetch(`${origin}/echo`, { method: "PUT" })),
  "nothing by DELETE": async (origin) => await seen(await fetch(`${origin}/echo`, { method: "DELETE" })),
  "a content-type of one's own": async (origin) =>
    await seen(await post(origin, "{}", { headers: { "content-type": "application/json" } })),
  "3 MB of bytes": async (origin) =>
    await (await fetch(`${origin}/count`, { method: "POST", body: pattern(3_000_000) })).text(),
  "3 MB of a stream": async (origin) => {
    const body = ReadableStream.from((function* () {
      for (let n = 0; n < 30; n++) yield pattern(100_000);
    })());
    return await (await fetch(`${origin}/count`, { method: "POST", body, ...{ duplex: "half" } })).text();
  },
  "the body of a request object": async (origin) =>
    await seen(await fetch(new Request(`${origin}/echo`, { method: "POST", body: "inside" }))),
  "a request object with another body": async (origin) =>
    await seen(await fetch(new Request(`${origin}/echo`, { method: "POST", body: "inside" }), { body: "outside" })),
  "a response's body": async (origin) => {
    const { body } = await fetch(`${origin}/bytes/5000`);
    const response = await fetch(`${origin}/count`, { method: "POST", body, ...{ duplex: "half" } });
    return parseInt(await response.text());
  },
  "a stream that fails": (origin) =>
    failure(post(
      origin,
      new ReadableStream({ start: (controller) => controller.error(new RangeError("mine")) }),
      { duplex: "half" },
    )),
  "a stream of what are no bytes": (origin) =>
    failure(post(origin, ReadableStream.from([1, 2] as unknown[]) as ReadableStream<Uint8Array>, { duplex: "half" })),
};

const headers: Record<string, Case> = {
  "none": async (origin) => await seen(await fetch(`${origin}/echo`)),
  "defaults replaced": async (origin) =>
    await seen(await fetch(`${origin}/echo`, { headers: { accept: "a", "accept-language": "b" } })),
  "an encoding of one's own": async (origin) =>
    await seen(await fetch(`${origin}/echo`, { headers: { "accept-encoding": "gzip" } })),
  "a range": async (origin) => await seen(await fetch(`${origin}/echo`, { headers: { range: "bytes=0-1" } })),
  "cookies and the like": async (origin) =>
    await seen(
      await fetch(`${origin}/echo`, {
        headers: { cookie: "a=1; b=2", origin: "http://o.example", referer: "http://r.example", "x-b": "1", date: "d" },
      }),
    ),
  "repeated": async (origin) => await seen(await fetch(`${origin}/echo`, { headers: [["x-a", "1"], ["x-a", "2"]] })),
  "host and length are the engine's": async (origin) => {
    const { headers } = await (await fetch(`${origin}/echo`, {
      method: "POST",
      body: "four",
      headers: { host: "evil.example", "content-length": "400" },
    })).json();
    return [headers.host === new URL(origin).host, headers["content-length"]];
  },
  "of bytes beyond ASCII": async (origin) => await seen(await fetch(`${origin}/echo`, { headers: { "x-l": "\xe9" } })),
  "credentials in the URL": async (origin) =>
    await seen(await fetch(origin.replace("http://", "http://user:p%40ss@") + "/echo")),
  "set-cookie of the answer": async (origin) => {
    const response = await fetch(`${origin}/cookies`);
    return [response.headers.getSetCookie(), response.headers.get("set-cookie"), [...response.headers.keys()]];
  },
  "of the answer cannot be changed": (origin) =>
    fetch(`${origin}/echo`).then((response) => failure(Promise.try(() => response.headers.set("a", "b")))),
  "secrets stay with their origin": async (origin) => {
    const to = `${origin.replace("127.0.0.1", "localhost")}/echo`;
    const secrets = { authorization: "Bearer x", cookie: "a=1", "x-kept": "1" };
    return await seen(await fetch(`${origin}/redirect/302?to=${encodeURIComponent(to)}`, { headers: secrets }));
  },
  "secrets go along within it": async (origin) =>
    await seen(await fetch(`${origin}/redirect/302?to=/echo`, { headers: { authorization: "Bearer x" } })),
};

const responses: Record<string, Case> = {
  "5 bytes": async (origin) => await told(await fetch(`${origin}/bytes/5`)),
  "nothing": async (origin) => await told(await fetch(`${origin}/bytes/0`)),
  "5 MB": async (origin) => await digest(await fetch(`${origin}/bytes/5000000`)),
  "5 MB as a stream": async (origin) => await pieces((await fetch(`${origin}/bytes/5000000`)).body!),
  "5 MB compressed": async (origin) => await digest(await fetch(`${origin}/compressed/5000000`)),
  "chunks": async (origin) => await told(await fetch(`${origin}/chunks`)),
  "slow chunks": async (origin) => await told(await fetch(`${origin}/slow`)),
  "until the end of the connection": async (origin) => await told(await fetch(`${origin}/until-close`)),
  "early hints": async (origin) => await told(await fetch(`${origin}/hints`)),
  "HEAD": async (origin) => {
    const response = await fetch(`${origin}/bytes/5`, { method: "HEAD" });
    return [response.body, await told(response)];
  },
  "null body status": async (origin) => (await fetch(`${origin}/status/204`)).body,
  "empty body": async (origin) => (await fetch(`${origin}/bytes/0`)).body instanceof ReadableStream,
  "of a fragment": async (origin) => pathOf((await fetch(`${origin}/echo#part`)).url),
  "a redirect keeps the fragment to itself": async (origin) =>
    pathOf((await fetch(`${origin}/redirect/302?to=/echo#part`)).url),
  "cloned": async (origin) => {
    const response = await fetch(`${origin}/bytes/100000`);
    const copy = response.clone();
    return [copy.type, copy.redirected, pathOf(copy.url), await digest(response), await digest(copy)];
  },
  "as JSON": async (origin) => await (await fetch(`${origin}/json`)).json(),
  "as a blob": async (origin) => {
    const blob = await (await fetch(`${origin}/json`)).blob();
    return [blob.type, await blob.text()];
  },
  "as a form": async (origin) => [...await (await fetch(`${origin}/form`)).formData()],
  "read twice": async (origin) => {
    const response = await fetch(`${origin}/bytes/5`);
    return [response.bodyUsed, await response.text(), response.bodyUsed, await failure(response.text())];
  },
  "canceled": async (origin) => {
    const response = await fetch(`${origin}/bytes/5000000`);
    await response.body!.cancel();
    return [response.bodyUsed, await failure(response.text())];
  },
  "read with a buffer of one's own": async (origin) => {
    const reader = (await fetch(`${origin}/bytes/10`)).body!.getReader({ mode: "byob" });
    const { value } = await reader.read(new Uint8Array(4));
    return [...value!];
  },
  "handed on as one's own": async (origin) => {
    const { body, status } = await fetch(`${origin}/bytes/300000`);
    return await digest(new Response(body, { status }));
  },
  "cut off": async (origin) => {
    const response = await fetch(`${origin}/cut`);
    return [response.status, await failure(response.text())];
  },
  "cut off in chunks": async (origin) => failure((await fetch(`${origin}/cut-chunks`)).text()),
  "broken compression": async (origin) => failure((await fetch(`${origin}/broken-gzip`)).text()),
  "many long ones, read when all are there": async (origin) => {
    const all = Array.from({ length: 200 }, () => fetch(`${origin}/bytes/100000`));
    const lengths = (await Promise.all(all)).map(async (response) => (await response.bytes()).length);
    return [...new Set(await Promise.all(lengths))];
  },
  "many at once": async (origin) => {
    const all = Array.from(
      { length: 100 },
      (_, i) => fetch(`${origin}/bytes/${i}`).then((response) => response.text()),
    );
    return (await Promise.all(all)).map((text) => text.length);
  },
};

const failures: Record<string, Case> = {
  "a refused connection": () => failure(fetch("http://127.0.0.1:2/")),
  "a relative URL": () => failure(fetch("/relative")),
  "ftp": () => failure(fetch("ftp://127.0.0.1/")),
  "a made-up scheme": () => failure(fetch("made-up:x")),
  "unix": () => failure(fetch("unix:/run/x.sock")),
  "a port of another protocol": () => failure(fetch("http://127.0.0.1:25/")),
  "no HTTP": (origin) => failure(fetch(`${origin}/nonsense`)),
  "a connection closed at once": (origin) => failure(fetch(`${origin}/close`)),
  "redirects without an end": (origin) => failure(fetch(`${origin}/around`)),
  "a redirect to another scheme": (origin) => failure(fetch(`${origin}/redirect/302?to=ftp://127.0.0.1/`)),
  "a redirect to a data URL": (origin) => failure(fetch(`${origin}/redirect/302?to=data:,x`)),
  "a redirect to no URL": (origin) => failure(fetch(`${origin}/redirect/302?to=http://[`)),
  "a redirect to nowhere": async (origin) => await told(await fetch(`${origin}/status/302`)),
  "GET with a body": (origin) => failure(fetch(`${origin}/echo`, { body: "x" })),
  "a forbidden method": (origin) => failure(fetch(`${origin}/echo`, { method: "CONNECT" })),
  "a header with a line end": (origin) => failure(fetch(`${origin}/echo`, { headers: { "x-a": "1\r\nx-b: 2" } })),
  "a header with an odd name": (origin) => failure(fetch(`${origin}/echo`, { headers: { "x a": "1" } })),
  "a URL with a line end": async (origin) => (await seen(await fetch(`${origin}/echo?a=1\r\nx-b:2`)) as unknown[])[1],
};

const aborts: Record<string, Case> = {
  "before": (origin) => failure(fetch(`${origin}/echo`, { signal: AbortSignal.abort() })),
  "before, with a reason": (origin) => failure(fetch(`${origin}/echo`, { signal: AbortSignal.abort("why") })),
  "before the head": (origin) => {
    const controller = new AbortController();
    const fetched = failure(fetch(`${origin}/never`, { signal: controller.signal }));
    setTimeout(() => controller.abort(), 20);
    return fetched;
  },
  "before the head, with a reason": (origin) => {
    const controller = new AbortController();
    const fetched = failure(fetch(`${origin}/never`, { signal: controller.signal }));
    setTimeout(() => controller.abort(new RangeError("mine")), 20);
    return fetched;
  },
  "at a timeout": (origin) => failure(fetch(`${origin}/never`, { signal: AbortSignal.timeout(20) })),
  "during the body": async (origin) => {
    const controller = new AbortController();
    const response = await fetch(`${origin}/endless`, { signal: controller.signal });
    const read = failure(response.text());
    controller.abort();
    return await read;
  },
  "between pieces of the body": async (origin) => {
    const controller = new AbortController();
    const reader = (await fetch(`${origin}/endless`, { signal: controller.signal })).body!.getReader();
    await reader.read();
    controller.abort();
    return await failure(reader.read());
  },
  "during the upload": (origin) => {
    const controller = new AbortController();
    const body = new ReadableStream({ pull: () => controller.abort() }, { highWaterMark: 0 });
    return failure(post(origin, body, { duplex: "half", signal: controller.signal }));
  },
  "after everything": async (origin) => {
    const controller = new AbortController();
    const response = await fetch(`${origin}/bytes/5`, { signal: controller.signal });
    const text = await response.text();
    controller.abort();
    return text;
  },
};

const dataUrls: Record<string, Case> = {};
for (
  const url of [
    ...[
      "data:,hi",
      "data:,a%20b?q",
      "data:text/html,<b>",
      "data:text/plain;base64,aGVsbG8=",
      "data:;base64,aGVsbG8",
    ],
    ...[
      "data:;charset=utf-8,%C3%BC",
      "data:application/json,{}#part",
      "data:text/plain;x=y;base64,%61GVsbG8=",
      "data:x",
    ],
    ...["data:;base64,!!", "data:a/b;base64,", "data:IMAGE/PNG;base64,AAAA"],
  ]
) {
  dataUrls[url] = async () => {
    try {
      const response = await fetch(url);
      const bytes = [...new Uint8Array(await response.clone().arrayBuffer())];
      return [response.status, response.url, response.headers.get("content-type")?.toLowerCase(), bytes];
    } catch (error) {
      return kindOf(error);
    }
  };
}

const groups = { redirects, statuses, encodings, bodies, headers, responses, failures, aborts, dataUrls };

export const cases: Readonly<Record<string, Case>> = Object.fromEntries(
  Object.entries(groups).flatMap(([group, members]) =>
    Object.entries(members).map(([name, run]) => [`${group}: ${name}`, run])
  ),
);
