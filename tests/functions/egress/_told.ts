/** Fetches what the caller says, and tells what came of it. */
export async function told(request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const headers = searchParams.has("host") ? { host: searchParams.get("host")! } : undefined;
  try {
    const response = await fetch(searchParams.get("url")!, { headers });
    return new Response(`${response.status} ${(await response.text()).slice(0, 1000)}`);
  } catch (error) {
    const { name, message, cause } = error as Error;
    return new Response(`${name}: ${message} (${cause instanceof Error ? "with" : "without"} a cause)`);
  }
}
