/**
 * What a response has for a body. Deno keeps one that is whole beside its stream, where nothing public leads; a stream would
 * cost several turns for what is there already. Where a Deno keeps it elsewhere, its stream is read.
 */
type Bytes = Uint8Array<ArrayBuffer>;
type Content = string | Bytes | ReadableStream<Bytes> | null;

interface Inner {
  readonly body: { readonly streamOrStatic?: { readonly body?: unknown; readonly consumed?: boolean } } | null;
}

type Hidden = Record<symbol, unknown>;

const symbolOf = (description: string): symbol | undefined =>
  Object.getOwnPropertySymbols(new Response("x")).find((symbol) => symbol.description === description);

const INNER = symbolOf("response");
const LAZY = symbolOf("lazy static body");

const isContent = (value: unknown): value is string | Bytes =>
  typeof value === "string" || (value instanceof Uint8Array && value.buffer instanceof ArrayBuffer);

export function contentOf(response: Response): Content {
  if (LAZY !== undefined) {
    const lazy = (response as unknown as Hidden)[LAZY];
    if (isContent(lazy)) return lazy;
  }
  if (INNER !== undefined) {
    const inner = (response as unknown as Hidden)[INNER] as Inner | undefined;
    const whole = inner?.body?.streamOrStatic;
    if (whole?.consumed === false && isContent(whole.body)) return whole.body;
  }
  return response.body as ReadableStream<Bytes> | null;
}
