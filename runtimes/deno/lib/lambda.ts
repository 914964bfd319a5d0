import { type LambdaFunction, lambdaHandler, type LambdaPlatform } from "../../shared/lambda.ts";
import type { Handler } from "./exchange.ts";

const platform: LambdaPlatform = {
  URL,
  Headers,
  Response,
  textOf(bytes) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return null;
    }
  },
  nowMs: () => performance.now(),
};

export const lambda = (handler: LambdaFunction): Handler => lambdaHandler(handler, platform);
