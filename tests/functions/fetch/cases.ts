import { cases } from "./_cases.ts";

export const config = { net: ["127.0.0.1", "localhost"], timeoutMs: 20_000 };

export default async (request: Request) => {
  const { searchParams } = new URL(request.url);
  const told = await cases[searchParams.get("case")!](searchParams.get("origin")!);
  return new Response(JSON.stringify(told) ?? "nothing");
};
