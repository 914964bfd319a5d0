/**
 * The child that compiles a WASI module, which it reads from its standard input; the native code is its standard output.
 *
 * deno run ... wasi_compile_child.ts LIBRARY MEMORY_BYTES
 */
import { NativeError, NativeWasi } from "../../../ffi/native_wasi.ts";
import { openShim } from "../../../ffi/symbols.ts";
import { REFUSED } from "./wasi_compiler.ts";

async function write(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}

const [library, memoryBytes] = Deno.args;
try {
  const module = await new Response(Deno.stdin.readable).bytes();
  await write(await new NativeWasi(openShim(library)).compile(module, Number(memoryBytes)));
} catch (error) {
  if (!(error instanceof NativeError)) throw error;
  await write(new TextEncoder().encode(error.message));
  Deno.exit(REFUSED);
}
