"""
Reads Python sources without running them: {path: source} on stdin. For each the names that it imports, its literal
`config`, and what is wrong with it, as JSON on stdout.
"""

import ast
import json
import math
import resource
import sys

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 10


class NoLiteral(Exception):
    def __init__(self, node):
        super().__init__("config")
        self.node = node


def literal(node):
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, (str, bool, int, float))):
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise NoLiteral(node)
        return node.value
    if isinstance(node, (ast.List, ast.Tuple)):
        return [literal(element) for element in node.elts]
    if isinstance(node, ast.Dict):
        return {key_of(key, node): literal(value) for key, value in zip(node.keys, node.values)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        value = literal(node.operand)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return -value if isinstance(node.op, ast.USub) else value
    raise NoLiteral(node)


def key_of(key, node):
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        return key.value
    raise NoLiteral(key or node)


def place_of(node, lines):
    """Columns count characters, from 1."""
    before = lines[node.lineno - 1].encode()[: node.col_offset]
    return {"line": node.lineno, "column": len(before.decode("utf-8", "ignore")) + 1}


def config_of(tree, lines):
    """The last assignment of the module counts, as if it were run."""
    value = None
    for statement in tree.body:
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "config" for target in targets):
            value = statement.value
    if value is None:
        return None
    places = {"": place_of(value, lines)}
    if isinstance(value, ast.Dict):
        places.update({key_of(key, value): place_of(key, lines) for key in value.keys})
    return {"value": literal(value), "places": places}


def imports_of(tree):
    """[level, module, name]: `name` is a module below it, or something in it."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [[0, alias.name, None] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [[node.level, node.module or "", alias.name] for alias in node.names]
    return found


def scan(source):
    lines = source.split("\n")
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        place = {"line": error.lineno or 1, "column": max(1, error.offset or 1)}
        return {"problem": {"message": f"{type(error).__name__}: {error.msg}", "place": place}}
    except (RecursionError, MemoryError, ValueError) as error:
        return {"problem": {"message": f"Cannot read it: {error or type(error).__name__}", "place": None}}
    imports = imports_of(tree)
    try:
        return {"imports": imports, "config": config_of(tree, lines)}
    except NoLiteral as error:
        return {"imports": imports, "noLiteral": place_of(error.node, lines)}


resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
print(json.dumps({path: scan(source) for path, source in json.load(sys.stdin).items()}))
