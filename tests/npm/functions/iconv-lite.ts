import { Buffer } from "node:buffer";
import iconv from "iconv-lite";

export default () =>
  Response.json([
    iconv.decode(Buffer.from([0xe4, 0xf6, 0xfc]), "latin1"),
    iconv.encode("日本", "shift_jis").toString("hex"),
    iconv.decode(Buffer.from("93fa967b", "hex"), "shift_jis"),
  ]);
