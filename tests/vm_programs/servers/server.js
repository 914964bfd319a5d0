const http = require("node:http");

http.createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  setTimeout(() => {
    const body = JSON.stringify({ path: url.pathname, n: url.searchParams.get("n") });
    response.writeHead(200, { "content-length": body.length }).end(body);
  }, 1);
}).listen(8080, "127.0.0.1");
