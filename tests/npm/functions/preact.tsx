/** @jsxImportSource preact */
import { useState } from "preact/hooks";
import { render } from "preact-render-to-string";

function Counter({ from }: { from: number }) {
  const [count] = useState(from);
  return <button disabled data-n={count} onClick={() => {}}>{count} &amp; {"<more>"}</button>;
}

export default () =>
  new Response(render(<main class="x" style={{ color: "red" }}><Counter from={3} /><Counter from={4} /></main>));
