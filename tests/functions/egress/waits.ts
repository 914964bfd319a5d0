export const config = { net: ["127.0.0.1"], cpuMs: 100, concurrency: 256 };

export default async (request: Request) => await fetch(new URL(request.url).searchParams.get("url")!);
