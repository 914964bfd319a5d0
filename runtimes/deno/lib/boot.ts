/** What Deno runs in a VM: ready to be a function, it waits for the deploy that says which. */
import "./console.ts";
import "./deno_serve.ts";
import "./entropy.ts";
import "./node_crypto.ts";
import { awaitDeploy } from "./deploy.ts";
import { collectGarbage } from "./garbage.ts";
import { logUncaught } from "./log.ts";
import { rehearseAgain, rehearseAll } from "./rehearsal.ts";
import { serve } from "./serve.ts";

addEventListener("error", (event) => {
  event.preventDefault();
  logUncaught(event.error, "Uncaught");
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  logUncaught(event.reason, "Uncaught (in promise)");
});

rehearseAll(() =>
  awaitDeploy((handler) => {
    collectGarbage();
    rehearseAgain();
    serve(handler);
  })
);
