import { Output } from "./wire.ts";

export const output = new Output();
