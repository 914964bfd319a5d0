import type { Addressed } from "./client.ts";
import { Wire, type WireAnswer } from "./wire.ts";

/** The function that held requests are made to: it runs for as long as its caller sends. */
export const HOLD = "export default (req: Request) => new Response(req.body);\n";

/** A request that runs for as long as the test wants: its body ends when the test says so. */
export class Held implements Disposable {
  readonly #wire: Wire;
  /** The whole answer; it comes after `release`. */
  readonly answer: Promise<WireAnswer>;

  private constructor(wire: Wire) {
    this.#wire = wire;
    this.answer = wire.answer("POST");
    // Whoever awaits it hears of its failure; a request that is dropped on purpose must not end the test.
    this.answer.catch(() => {});
  }

  static async start(server: Addressed, path: string): Promise<Held> {
    const wire = await Wire.open(server);
    await wire.request("POST", path, ["transfer-encoding: chunked"]);
    return new Held(wire);
  }

  async release(): Promise<WireAnswer> {
    await this.#wire.send("0\r\n\r\n");
    return await this.answer;
  }

  /** The caller leaves without a word. */
  [Symbol.dispose](): void {
    this.#wire.close();
  }
}
