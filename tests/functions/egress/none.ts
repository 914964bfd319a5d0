import { told } from "./_told.ts";

export const config = { net: "none" };
export default told;
