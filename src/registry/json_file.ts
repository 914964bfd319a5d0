import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/** What a file says, and where in it. */
export interface JsonFile {
  readonly value: unknown;
  /** `file:line:column` of the value at a path, or of the closest thing around it that is there. */
  place(path: readonly string[]): string;
}

/** Throws an Error that begins with `file:line:column`. Comments and trailing commas are for deno.json alone. */
export function parseJsonFile(file: string, text: string, options: { comments: boolean }): JsonFile {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { disallowComments: !options.comments, allowTrailingComma: options.comments });
  if (errors.length > 0 || tree === undefined) {
    const { error = null, offset = 0 } = errors[0] ?? {};
    const what = error === null ? "it is empty" : words(printParseErrorCode(error));
    throw new Error(`${placeIn(file, text, offset)}: Cannot read it as JSON: ${what}`);
  }
  return { value: getNodeValue(tree), place: (path) => placeIn(file, text, nodeAt(tree, path).offset) };
}

function nodeAt(tree: Node, path: readonly string[]): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    // The key stands in front of its value.
    if (node) return node.parent?.type === "property" ? node.parent : node;
  }
  return tree;
}

function placeIn(file: string, text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${file}:${before.length}:${before.at(-1)!.length + 1}`;
}

/** `CloseBraceExpected` as words. */
const words = (code: string): string => code.replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
