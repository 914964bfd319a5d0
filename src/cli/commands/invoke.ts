import ky from "ky";
import { describeAnswer, showBody, throwServerError } from "../answer.ts";
import { command } from "../command.ts";
import { findServer, SERVER_OPTIONS } from "../discovery.ts";
import { invocationRequest, INVOKE_OPTIONS } from "../invocation.ts";
import { printJson } from "../json.ts";
import { explainTransport } from "../transport.ts";

export default command({
  operands: ["NAME"],
  options: {
    ...INVOKE_OPTIONS,
    url: SERVER_OPTIONS.url,
    // --data, which names it elsewhere, is the body here.
    "data-dir": SERVER_OPTIONS.data,
    json: SERVER_OPTIONS.json,
  },
  async run(values, [name], shell) {
    const { url } = await findServer({ url: values.url, data: values["data-dir"] }, shell);
    const request = await invocationRequest(url, name, values, shell);
    const response = await explainTransport(url, async () => {
      // The server has its own deadline for a function, and a call is never sent twice.
      const response = await ky(request, { throwHttpErrors: false, retry: 0, timeout: false });
      if (values.json) printJson(shell, await describeAnswer(response));
      else {
        await throwServerError(response, name);
        await showBody(response, shell);
      }
      return response;
    });
    if (response.ok) return 0;
    if (!values.json) shell.note(`Status ${response.status}`);
    return response.status < 400 ? 0 : 1;
  },
});
