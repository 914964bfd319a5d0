const examples = [
  ["/hello?name=you", "a plain handler"],
  ["/echo", "POST something: it streams back"],
  ["/api/users", "a list"],
  ["/api/2", "a path parameter"],
  ["/files/a/b/c", "the rest of a path"],
  ["/notes/first", "a Hono app"],
  ["/lambda?x=1", "an AWS Lambda handler"],
  ["/ticker", "server-sent events"],
  ["/resize?width=256", "Python, in a microVM"],
  ["/@acme/score", "Python of the tenant acme"],
  ["/@acme/shop", "a server of acme's, as it is anywhere else"],
];

/** Built once, when the function is deployed: every request starts from the memory that it left. */
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Mayfly</title>
<h1>Mayfly</h1>
<p>Every request runs in a sandbox of its own, thrown away after the response.</p>
<ul>
${examples.map(([path, what]) => `<li><a href="${path}">${path}</a> ${what}`).join("\n")}
</ul>
`;

export default () => new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
