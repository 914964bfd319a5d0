// Draws in all ways that Node has above its own libraries.
import { randomBytes, randomFillSync, randomInt, randomUUID } from "node:crypto";
import { createServer } from "node:http";

createServer((_request, response) => {
  const drawn = [
    Math.random(),
    randomBytes(8).toString("hex"),
    randomFillSync(new Uint32Array(2)).join(),
    randomInt(2 ** 40),
    randomUUID(),
    crypto.randomUUID(),
    crypto.getRandomValues(new Uint8Array(600)).join(),
  ];
  response.end(JSON.stringify(drawn));
}).listen(process.env.PORT);
