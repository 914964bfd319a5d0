export { process as default } from "../process.ts";
