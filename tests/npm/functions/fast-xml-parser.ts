import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";

export default () => {
  const xml = `<?xml version="1.0"?><a x="1"><b>text &lt;</b><b>2</b><c/></a>`;
  const parsed = new XMLParser({ ignoreAttributes: false }).parse(xml);
  return Response.json([parsed, new XMLBuilder({ ignoreAttributes: false }).build(parsed), XMLValidator.validate("<a>")]);
};
