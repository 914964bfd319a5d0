// A server as one writes it for Node, that knows nothing of where it runs.
const http = require("node:http");

let count = 0;

const answers = {
  "/count": (_request, response) => response.end(`${++count}`),
  "/echo": (request, response) => {
    response.setHeader("content-type", request.headers["content-type"] ?? "");
    request.pipe(response);
  },
  "/bytes": (_request, response, query) => response.end("x".repeat(Number(query.get("n")))),
  "/first": (_request, response) => response.write("first\n"),
  "/sleep": (_request, response, query) => setTimeout(() => response.end("woke"), Number(query.get("ms"))),
  "/crash": () => process.exit(7),
  "/throw": () => {
    throw new Error("thrown on purpose");
  },
  "/log": (_request, response) => {
    console.log("a line");
    response.end("logged");
  },
  "/seen": (request, response) => {
    const { host, expect = null, "x-forwarded-prefix": prefix = null } = request.headers;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ method: request.method, path: request.url, prefix, host, expect }));
  },
};

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const answer = answers[pathname];
  if (answer) return answer(request, response, searchParams);
  response.statusCode = 404;
  response.end("nothing here");
});
server.listen(process.env.PORT, () => console.log(`listens on ${process.env.PORT}`));
