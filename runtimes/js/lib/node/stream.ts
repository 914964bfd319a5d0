/** node:stream: the package readable-stream, which is Node's own code. */
export { default } from "readable-stream/lib/stream.js";
