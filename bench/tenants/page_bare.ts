/** A bare `Deno.serve` that renders the page. It prints its address. */
// @ts-types="./page_types.d.ts"
import page from "./functions/page.jsx";

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
}, page);
