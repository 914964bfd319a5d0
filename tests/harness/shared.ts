import { Server, type ServerOptions } from "./server.ts";

/** One server for all tests of a file: started before the first, gone after the last. */
export function sharedServer(options: ServerOptions): { readonly server: Server } {
  let server: Server | undefined;
  Deno.test.beforeAll(async () => {
    server = await Server.start(options);
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
  return {
    get server() {
      if (!server) throw new Error("Cannot use the server outside of a test");
      return server;
    },
  };
}
