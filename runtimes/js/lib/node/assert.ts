/** node:assert, of the package unenv, whose errors have no name of their own. */
import assert, { AssertionError } from "unenv/node/assert";

Object.defineProperty(AssertionError.prototype, "name", {
  value: "AssertionError",
  writable: true,
  configurable: true,
});

export default assert;
