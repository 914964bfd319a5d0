import { Refusal } from "./refusal.ts";

const AUTHORITY = /^(\[[0-9a-fA-F:.]+\]|[^\s/?#@:[\]\\]+):(\d{1,5})$/;

/** Where `CONNECT host:port` wants to go. */
export function tunnelTarget(authority: string): URL {
  const url = AUTHORITY.test(authority) ? URL.parse(`http://${authority}`) : null;
  if (!url) throw new Refusal(400, "CONNECT needs host:port");
  return url;
}

/** What `GET http://host/path` asks for. */
export function requestTarget(text: string): URL {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : null;
  if (!url) throw new Refusal(400, "a request to the proxy needs a whole URL");
  if (url.protocol !== "http:") throw new Refusal(400, `${url.protocol} goes through a proxy by CONNECT`);
  return url;
}

export const portOf = ({ port }: URL): number => port === "" ? 80 : Number(port);
