/** The library, and its host calls within reach of a function: for tests alone. */
import "../lib/main.ts";
import { hostCall } from "../lib/host_calls.ts";
import { publishValue } from "../lib/publish.ts";

publishValue("hostCall", hostCall);
