import { HOME, type NetPolicy } from "../../src/types.ts";
import type { HostSession } from "../../src/host/host.ts";
import type { FetchHost } from "../../src/host/fetch/fetch_host.ts";
import { FetchOperation } from "../../src/host/fetch/operations.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Answer {
  readonly isEnd: boolean;
  readonly head: string[];
  readonly body: Uint8Array;
}

/** What a guest's library does, and what a hostile guest may do instead. */
export class Guest implements Disposable {
  readonly session: HostSession;
  chargedMs = 0;
  #last = 0;

  constructor(host: FetchHost, net: NetPolicy = ["127.0.0.1"], tenant = HOME) {
    const id = { tenant, name: "fetches" };
    this.session = host.host({
      function: id,
      net,
      requestId: "r",
      deadlineMs: Infinity,
      charge: (cpuMs) => this.chargedMs += cpuMs,
    });
  }

  get last(): number {
    return this.#last;
  }

  async open(url: string, { method = "GET", kind = "none", headers = "", body = "" } = {}): Promise<Answer> {
    const head = encoder.encode(`${method}\n${url}\n${kind}\n${headers}`);
    const words = new Uint8Array(new Uint32Array([++this.#last, head.length]).buffer);
    const call = Uint8Array.from([...words, ...head, ...encoder.encode(body)]);
    const answer = await this.session.call(FetchOperation.OPEN, call);
    const length = new DataView(answer.buffer, answer.byteOffset).getUint32(4, true);
    return {
      isEnd: answer[0] === 1,
      head: decoder.decode(answer.subarray(8, 8 + length)).split("\n"),
      body: answer.subarray(8 + length),
    };
  }

  async read(number = this.#last): Promise<{ isEnd: boolean; body: Uint8Array }> {
    const answer = await this.session.call(FetchOperation.READ, new Uint8Array(new Uint32Array([number]).buffer));
    return { isEnd: answer[0] === 1, body: answer.subarray(4) };
  }

  async write(text: string, isLast: boolean, number = this.#last): Promise<void> {
    const words = new Uint8Array(new Uint32Array([number, Number(isLast)]).buffer);
    await this.session.call(FetchOperation.WRITE, Uint8Array.from([...words, ...encoder.encode(text)]));
  }

  [Symbol.dispose](): void {
    this.session.close();
  }
}
