import { NetworkError, TimeoutError } from "ky";
import { OperatorError } from "../errors.ts";

const START = "mayfly serve, or name another server with --data DIR or --url URL";

/** Does what talks to a server; where the server is not there, goes away or is none, the operator reads so. */
export async function explainTransport<T>(url: string, talk: () => Promise<T>): Promise<T> {
  try {
    return await talk();
  } catch (error) {
    throw explained(error, url);
  }
}

function explained(error: unknown, url: string): unknown {
  const say = (message: string, hint: string) => new OperatorError(message, hint, { cause: error });
  if (error instanceof TimeoutError) return say(`The server at ${url} does not answer`, "see what its console says");
  if (error instanceof NetworkError) return say(`Cannot reach a server at ${url}`, START);
  if (error instanceof SyntaxError) return say(`What answers at ${url} is no Mayfly server`, START);
  // Of fetch: a port that it does not go to, a body that broke off.
  if (error instanceof TypeError) return say(`Cannot talk to the server at ${url}: ${error.message}`, START);
  return error;
}
