import assert from "node:assert/strict";
import { folderFiles, Server } from "./harness.ts";

const CERTIFICATES = new URL("./certificates/", import.meta.url);
const pem = (name: string) => Deno.readTextFileSync(new URL(name, CERTIFICATES));

Deno.test("https reaches whoever has a certificate of the URL's host, and nobody else", async () => {
  await using server = await Server.start({
    files: {
      ...folderFiles("functions/egress"),
      "listed.ts": `import { told } from "./_told.ts";\n` +
        `export const config = { net: ["127.0.0.0/8", "localhost"] };\nexport default told;\n`,
    },
    env: { DENO_CERT: new URL("authority.pem", CERTIFICATES).pathname },
  });
  const options = { cert: pem("localhost.pem"), key: pem("localhost.key"), hostname: "0.0.0.0", port: 0 };
  await using origin = Deno.serve({ ...options, onListen() {} }, ({ url }) => new Response(new URL(url).protocol));
  const fetched = async (host: string) => {
    const query = new URLSearchParams({ url: `https://${host}:${origin.addr.port}/` });
    return (await server.call(`/listed?${query}`)).text;
  };
  assert.equal(await fetched("localhost"), "200 https:");
  assert.equal(await fetched("127.0.0.1"), "200 https:");
  assert.match(await fetched("127.0.0.2"), /^TypeError: .*certificate is for another name/);
});
