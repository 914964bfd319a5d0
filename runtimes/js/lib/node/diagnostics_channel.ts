/** node:diagnostics_channel, of the package unenv. */
export { default } from "unenv/node/diagnostics_channel";
