import { told } from "./_told.ts";

export default told;
