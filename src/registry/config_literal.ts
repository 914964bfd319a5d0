import { type AnyNode, type Expression, parse, type Program } from "acorn";

/** Lines count from 1, columns from 0, in the text that was read. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export interface ConfigLiteral {
  readonly value: unknown;
  /** Of the whole (`""`), and of its keys. */
  readonly places: ReadonlyMap<string, TextPlace>;
}

/** `config` is something else than a literal. */
export class LiteralError extends Error {
  override readonly name = "LiteralError";
  constructor(message: string, readonly place: TextPlace | null) {
    super(message);
  }
}

/** Reads the exported `config` of a module without running it; null if there is none. Throws a LiteralError. */
export function readConfigLiteral(module: string): ConfigLiteral | null {
  const program = parseModule(module);
  const name = exportedAs(program, "config");
  if (name === null) return null;
  const value = initialiserOf(program, name);
  if (value === null) {
    throw new LiteralError("Cannot read config: it has to be a constant with an object literal", null);
  }
  const places = new Map([["", placeOf(value)]]);
  if (value.type === "ObjectExpression") {
    for (const property of value.properties) {
      if (property.type === "Property") places.set(keyOf(property), placeOf(property));
    }
  }
  return { value: literal(value), places };
}

function parseModule(module: string): Program {
  try {
    return parse(module, { ecmaVersion: "latest", sourceType: "module", locations: true });
  } catch (error) {
    throw new LiteralError(`Cannot read config: ${error instanceof Error ? error.message : error}`, null);
  }
}

/** The local name of an export. */
function exportedAs(program: Program, exported: string): string | null {
  for (const statement of program.body) {
    if (statement.type !== "ExportNamedDeclaration") continue;
    for (const { exported: name, local } of statement.specifiers) {
      const text = name.type === "Identifier" ? name.name : name.value;
      if (text === exported) return local.type === "Identifier" ? local.name : null;
    }
    const declaration = statement.declaration;
    if (declaration?.type !== "VariableDeclaration") continue;
    if (declaration.declarations.some(({ id }) => id.type === "Identifier" && id.name === exported)) return exported;
  }
  return null;
}

function initialiserOf(program: Program, name: string): Expression | null {
  for (const statement of program.body) {
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration?.type !== "VariableDeclaration") continue;
    for (const { id, init } of declaration.declarations) {
      if (id.type === "Identifier" && id.name === name) return init ?? null;
    }
  }
  return null;
}

function literal(node: AnyNode): unknown {
  switch (node.type) {
    case "Literal":
      if (node.regex || node.bigint) throw notLiteral(node);
      return node.value;
    case "TemplateLiteral":
      if (node.expressions.length > 0) throw notLiteral(node);
      return node.quasis[0].value.cooked;
    case "UnaryExpression": {
      const value = literal(node.argument);
      if (typeof value !== "number" || (node.operator !== "-" && node.operator !== "+")) throw notLiteral(node);
      return node.operator === "-" ? -value : value;
    }
    case "ArrayExpression":
      return node.elements.map((element) => {
        if (element === null) throw notLiteral(node);
        return literal(element);
      });
    case "ObjectExpression":
      return Object.fromEntries(node.properties.map((property) => {
        if (property.type !== "Property" || property.kind !== "init" || property.computed || property.shorthand) {
          throw notLiteral(property);
        }
        return [keyOf(property), literal(property.value)];
      }));
    default:
      throw notLiteral(node);
  }
}

function keyOf(property: AnyNode & { type: "Property" }): string {
  const { key } = property;
  const name = key.type === "Identifier" ? key.name : key.type === "Literal" ? String(key.value) : null;
  // As a key of a literal it sets the prototype.
  if (name === null || name === "__proto__") throw notLiteral(property);
  return name;
}

function notLiteral(node: AnyNode): LiteralError {
  return new LiteralError(
    "Cannot read config: it is read without running the code, so all of it has to be literal (text, numbers, true, false, lists, objects)",
    placeOf(node),
  );
}

function placeOf(node: AnyNode): TextPlace {
  const { line, column } = node.loc!.start;
  return { line, column };
}
