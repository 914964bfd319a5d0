/** node:url, of the package unenv. */
import url from "unenv/node/url";

/** Its first `parse` warns that it is old: once in a process, which would be in every request here. */
function warnNobody(): void {
  const { warn } = console;
  console.warn = () => {};
  (url as { parse: (text: string) => unknown }).parse("http://localhost");
  console.warn = warn;
}
warnNobody();

export default url;
