/** Answers what the path names: a Lambda's answer is data, so that it can be anything at all. */
const answers: Record<string, unknown> = {
  "status-1000": { statusCode: 1000, body: "" },
  "status-99": { statusCode: 99, body: "" },
  "status-101": { statusCode: 101, body: "" },
  "status-text": { statusCode: "two hundred", body: "" },
  "header-injection": { statusCode: 200, headers: { "x-a": "b\r\nset-cookie: stolen=1" }, body: "" },
  "header-name-injection": { statusCode: 200, headers: { "x-a\r\nset-cookie": "stolen=1" }, body: "" },
  "header-with-nul": { statusCode: 200, headers: { "x-a": "b\0c" }, body: "" },
  "cookie-injection": { statusCode: 200, cookies: ["a=1\r\nx-b: 2"], body: "" },
  "bad-base64": { statusCode: 200, body: "%%%", isBase64Encoded: true },
  "many-headers": {
    statusCode: 200,
    headers: Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`x-${at}`, "v"])),
    body: "",
  },
  "large-headers": { statusCode: 200, headers: { "x-large": "v".repeat(100_000) }, body: "" },
};

export const handler = (event: { queryStringParameters: { answer: string } }) =>
  Promise.resolve(answers[event.queryStringParameters.answer]);
