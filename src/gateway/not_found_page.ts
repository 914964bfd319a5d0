const PATH_SHOWN = 200;

/** Whether a person looks at the answer: browsers say so, programs and tools do not. */
export function wantsPage(request: Request): boolean {
  return request.headers.get("accept")?.includes("text/html") === true;
}

/** For a browser, in place of the error's JSON: what to do where no function is. */
export function notFoundPage(path: string, requestId: string): Response {
  const shown = escaped(path.length > PATH_SHOWN ? `${path.slice(0, PATH_SHOWN)}…` : path);
  const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>No function here · Mayfly</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
pre { padding: 1rem; overflow-x: auto; border: 1px solid; border-radius: 4px; }
small { opacity: 0.7; }
</style>
<h1>No function here</h1>
<p>This is Mayfly, and no function answers at <code>${shown}</code>.</p>
<p>A function is a file in the functions folder. Saved as <code>hello.ts</code>, this one answers at
<a href="/hello">/hello</a>, and <code>index.ts</code> answers at <a href="/">/</a>:</p>
<pre>export default (req: Request) =&gt; new Response("Hello!");</pre>
<p><code>mayfly ls</code> shows which functions there are, and what is wrong with those that fail.</p>
<p><small>404 not_found, request ${requestId}</small></p>
`;
  return new Response(page, {
    status: 404,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "server-timing": "queue;dur=0",
      "x-request-id": requestId,
    },
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
