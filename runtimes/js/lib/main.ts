/** The JavaScript library: evaluated once, into the image that every function starts from. */
import "./error_stack.ts";
import "./publish_encoding.ts";
import "./globals.ts";
import "./node/evaluate.ts";
import "./appearance.ts";
import { onDeploy } from "./deploy.ts";
import { onAnswer, onSendable } from "./host_calls.ts";
import { onBody } from "./incoming_body.ts";
import { native } from "./native.ts";
import { builtin } from "./node/modules.ts";
import { onRejection } from "./rejections.ts";
import { onWritable } from "./respond.ts";
import { onCancel, onRequest } from "./serve.ts";
import { onTimer } from "./timers.ts";

native.install({
  onDeploy,
  onRequest,
  onBody,
  onWritable,
  onAnswer,
  onCancel,
  onTimer,
  onRejection,
  onSendable,
  builtin,
});
