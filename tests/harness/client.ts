/** Whatever has an address: a server of ours, or a stand-in. */
export interface Addressed {
  readonly url: string;
}

export interface Call {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: BodyInit;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly text: string;
  json<T>(): T;
}

/** One ordinary request, read to its end. */
export async function call(server: Addressed, path: string, init: Call = {}): Promise<Answer> {
  const response = await fetch(server.url + path, { redirect: "manual", ...init });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return { status: response.status, headers: response.headers, bytes, text, json: <T>() => JSON.parse(text) as T };
}
