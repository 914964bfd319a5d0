/**
 * The same functions in plain Deno: what they answer there is what they are to answer here. Run with the functions' own
 * deno.json; prints its port.
 */
const [folder] = Deno.args;
type Handler = (request: Request) => Response | Promise<Response>;

const handlers = new Map<string, Handler>();
for (const { name } of Deno.readDirSync(folder)) {
  const match = /^(.+)\.tsx?$/.exec(name);
  if (!match) continue;
  const { default: main } = await import(`file://${folder}/${name}`);
  handlers.set(match[1], typeof main === "function" ? main : (request) => main.fetch(withoutMount(request, match[1])));
}

/** An app sees the URL without its mount path. */
function withoutMount(request: Request, name: string): Request {
  const url = new URL(request.url);
  url.pathname = url.pathname.slice(name.length + 1) || "/";
  return new Request(url, request);
}

Deno.serve({ port: 0, onListen: ({ port }) => console.log(port) }, (request) => {
  const name = new URL(request.url).pathname.split("/")[1];
  return handlers.get(name)!(request);
});
