/** What a bare `Deno.serve` does with the functions that are measured in microVMs. It prints its address. */
import echo from "./functions/echo.ts";

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
}, echo);
