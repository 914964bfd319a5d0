/** @jsxImportSource react */
import { Suspense, use, useId } from "react";
import { renderToReadableStream, renderToStaticMarkup, renderToString } from "react-dom/server";

const later = (text: string) => new Promise<string>((resolve) => setTimeout(() => resolve(text), 5));

function Field({ label }: { label: string }) {
  const id = useId();
  return <label htmlFor={id}>{label}<input id={id} defaultValue={"<x>"} /></label>;
}
const Waits = ({ promise }: { promise: Promise<string> }) => <p>{use(promise)}</p>;

export default async (req: Request) => {
  const { searchParams } = new URL(req.url);
  const page = <main className="x"><Field label="a & b" /><Field label="c" /></main>;
  if (searchParams.has("static")) return new Response(renderToStaticMarkup(page));
  if (!searchParams.has("stream")) return new Response(renderToString(page));
  const stream = await renderToReadableStream(<Suspense fallback={<i>wait</i>}><Waits promise={later("came")} /></Suspense>);
  await stream.allReady;
  return new Response(stream, { headers: { "content-type": "text/html" } });
};
