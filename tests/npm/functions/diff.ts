import { createPatch, diffWords } from "diff";

export default () => Response.json([diffWords("the old man", "the new man"), createPatch("a.txt", "1\n2\n3\n", "1\n3\n4\n")]);
