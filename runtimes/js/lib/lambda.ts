import { type LambdaFunction, lambdaHandler, type LambdaPlatform } from "../../shared/lambda.ts";
import { Headers } from "./headers.ts";
import { type Bytes, native } from "./native.ts";
import { Response } from "./response.ts";
import type { Handler } from "./serve.ts";
import { URL } from "./url.ts";

const platform: LambdaPlatform = {
  URL,
  Headers,
  Response,
  textOf: (bytes) => native.utf8Decode(bytes as Bytes, true),
  nowMs: () => native.now(),
};

export const lambda = (handler: LambdaFunction): Handler => lambdaHandler(handler, platform) as unknown as Handler;
