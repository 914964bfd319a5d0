/** A stand-in for a running server: it answers as it is told, and keeps what it was asked. */
export class FakeAdmin implements AsyncDisposable {
  readonly url: string;
  readonly asked: { method: string; target: string; headers: Headers; body: string }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(answers: Readonly<Record<string, (request: Request) => Response | Promise<Response>>>) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = await request.clone().text();
      this.asked.push({ method: request.method, target: pathname + search, headers: request.headers, body });
      const answer = answers[`${request.method} ${pathname}`];
      return answer ? await answer(request) : FakeAdmin.error(404, "not_found", `There is nothing at ${pathname}`);
    });
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** As the server tells its errors. */
  static error(status: number, code: string, message: string): Response {
    const requestId = "r-1";
    return Response.json({ error: { code, message, requestId } }, { status, headers: { "x-request-id": requestId } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
