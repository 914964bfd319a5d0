import { EventEmitter as Third } from "eventemitter3";
import { EventEmitter, once } from "node:events";

export default async () => {
  const seen: unknown[] = [];
  for (const emitter of [new Third(), new EventEmitter()]) {
    emitter.on("x", (value: number) => seen.push(value));
    emitter.once("x", (value: number) => seen.push(-value));
    emitter.emit("x", 1);
    emitter.emit("x", 2);
  }
  const emitter = new EventEmitter();
  setTimeout(() => emitter.emit("later", "a", "b"), 1);
  return Response.json([seen, await once(emitter, "later"), emitter.eventNames()]);
};
