interface Event {
  rawPath: string;
  queryStringParameters?: Record<string, string>;
  requestContext: { http: { method: string } };
}

/** A handler in the shape of AWS HTTP APIs (payload version 2). */
export const handler = (event: Event) =>
  Promise.resolve({
    statusCode: 200,
    headers: { "content-type": "application/json" },
    cookies: ["seen=yes; Path=/lambda"],
    body: JSON.stringify({
      method: event.requestContext.http.method,
      path: event.rawPath,
      query: event.queryStringParameters ?? {},
    }),
  });
