import type { Agent, ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import { LIMITS } from "../../limits.ts";
import { ResponseBody } from "./body.ts";
import { FETCH_COST } from "./cost.ts";
import { Intake } from "./intake.ts";
import { send, type Sent } from "./send.ts";
import { encodeHead, type FetchRequest, MOST_PIECE_BYTES, openAnswer, readAnswer, roomBeside } from "./wire.ts";

const NOTHING = new Uint8Array();

/** How the request gets out: to addresses that were checked, over connections that are the tenant's own. */
export interface Way {
  readonly addresses: readonly string[];
  readonly agent: Agent;
}

/** One request to a server, and its response. */
export class Exchange {
  readonly #fetch: FetchRequest;
  readonly #clock: Clock;
  readonly #charge: (cpuMs: number) => void;
  readonly #connected = Promise.withResolvers<ClientRequest>();
  #request: ClientRequest | null = null;
  #intake: Intake | null = null;
  #body: ResponseBody | null = null;
  #written = 0;
  #isClosed = false;

  constructor(fetch: FetchRequest, clock: Clock, charge: (cpuMs: number) => void) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#charge = charge;
    this.#connected.promise.catch(() => {});
  }

  /** All was sent and all was read: its connection belongs to others by now. */
  get isOver(): boolean {
    return this.#isClosed || (this.#body?.isEnd === true && this.#request!.writableEnded);
  }

  /** Resolves with the response's head, and with what has come of its body by then. */
  async open(way: Promise<Way>): Promise<Uint8Array> {
    try {
      const { request, response } = await this.#connect(await way);
      this.#connected.resolve(request);
      const message = await response;
      const body = this.#body = new ResponseBody(request, message);
      const head = encodeHead(message.statusCode!, message.rawHeaders);
      // What came together with the head is parsed in this turn of the event loop.
      await setImmediate();
      // A body that is broken from its beginning is told to whoever reads it.
      const piece = await body.take(roomBeside(head)).catch(() => NOTHING);
      this.#chargeFor(piece);
      return openAnswer(head, body.isEnd, piece);
    } catch (error) {
      this.#connected.reject(error);
      this.close();
      throw error;
    }
  }

  async read(): Promise<Uint8Array> {
    if (!this.#body) throw new Error("there is no response yet");
    try {
      const piece = await this.#body.read(MOST_PIECE_BYTES);
      this.#chargeFor(piece);
      return readAnswer(this.#body.isEnd, piece);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Resolves when there is room for more. */
  async write(bytes: Uint8Array, isLast: boolean): Promise<void> {
    const { bodyKind } = this.#fetch;
    const request = await this.#connected.promise;
    if (bodyKind === "none" || bodyKind === "whole" || request.writableEnded) throw new Error("the body is complete");
    this.#written += bytes.length;
    // A server takes what is beyond the announced length for the next request.
    if (bodyKind !== "stream" && (this.#written > bodyKind || (isLast && this.#written < bodyKind))) {
      this.close();
      throw new Error("the body is not as long as announced");
    }
    const isFull = bytes.length > 0 && !request.write(bytes);
    if (isLast) request.end();
    else if (isFull) await roomIn(request);
  }

  /** Ends whatever is under way, and the connection with it. */
  close(): void {
    this.#intake?.end();
    if (this.isOver) return;
    this.#isClosed = true;
    this.#body?.close();
    this.#request?.destroy();
  }

  readonly #chargeForHandshake = ({ connecting }: Socket): void => {
    if (connecting) this.#charge(FETCH_COST.tlsConnectionMs);
  };

  #chargeFor(piece: Uint8Array): void {
    if (piece.length > 0) this.#intake?.progress();
    if (this.#body?.isDecoded) this.#charge(piece.length * FETCH_COST.decodedMsPerByte);
  }

  async #connect({ addresses, agent }: Way): Promise<Sent> {
    let failure: unknown;
    for (const address of addresses.slice(0, LIMITS.fetchAddresses)) {
      if (this.#isClosed) throw new Error("the fetch has ended");
      const sent = send(this.#fetch, address, agent);
      if (this.#fetch.url.protocol === "https:") sent.request.once("socket", this.#chargeForHandshake);
      this.#request = sent.request;
      this.#intake = new Intake(sent.request, {
        clock: this.#clock,
        charge: this.#charge,
        hasNews: () => this.#body?.hasNews === true,
        cutOff: (error) => {
          this.#body?.fail(error);
          sent.request.destroy(error);
        },
      });
      if (this.#fetch.bodyKind === "none") sent.request.end();
      else if (this.#fetch.bodyKind === "whole") sent.request.end(this.#fetch.body);
      try {
        await sent.connected;
        return sent;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

/** A connection that is closed has room, too: what is written to it fails. */
const roomIn = (request: ClientRequest): Promise<void> =>
  new Promise((resolve) => {
    request.once("drain", resolve);
    request.once("close", resolve);
  });
