/** What is asked before anybody asks: requests as most are. Their code is compiled when the runtime's snapshot is taken. */
import { FrameType, HeadFlag, LAYOUT } from "../../../ffi/layout.ts";
import { rehearse } from "./serve.ts";
import { encode } from "./wire.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const TIMES = 2000;
const HEADERS = ["content-type", "application/json", "accept", "*/*", "user-agent", "rehearsal"].join("\n") + "\n";

function frame(type: number, flags: number, payload: Bytes): number[] {
  const header = new Uint8Array(LAYOUT.frameBytes);
  header.set([type, flags]);
  new DataView(header.buffer).setUint32(4, payload.length, true);
  return [...header, ...payload, ...new Uint8Array(-payload.length & 3)];
}

function request(method: string, body: string | null): Bytes {
  const strings = [method, "http://localhost/rehearsal?a=1", HEADERS, "rehearsal", ""].map(encode);
  const lengths = new Uint8Array(Uint32Array.from(strings, ({ length }) => length).buffer);
  const head = Uint8Array.from([...lengths, ...strings.flatMap((bytes) => [...bytes])]);
  if (body === null) return Uint8Array.from(frame(FrameType.HEAD, 0, head));
  const frames = [
    frame(FrameType.HEAD, HeadFlag.HAS_BODY, head),
    frame(FrameType.CHUNK, 0, encode(body)),
    frame(FrameType.END, 0, encode("")),
  ];
  return Uint8Array.from(frames.flat());
}

export function rehearseAll(): void {
  rehearse(
    async (request) => Response.json({ echo: await request.json() }),
    request("POST", '{"name":"a","n":[1]}'),
    TIMES,
  );
  const page = () => new Response("<html></html>", { headers: { "content-type": "text/html" } });
  rehearse(page, request("GET", null), TIMES);
}
