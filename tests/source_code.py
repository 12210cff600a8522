"""The source as the architecture test reads it: parsed modules, their imports, functions and comments."""

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Module:
    """One parsed source file."""

    path: Path
    name: str
    tree: ast.Module
    text: str

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {what}"


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    found = []
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            text = path.read_text(encoding="utf-8")
            found.append(Module(path=path, name=name, tree=ast.parse(text, str(path)), text=text))
    return tuple(found)


def product() -> tuple[Module, ...]:
    return modules("energy", "dashboard")


def everything() -> tuple[Module, ...]:
    return modules("energy", "dashboard", "tests", "tools")


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def imports(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Give each imported module by its full name, wherever in the file it is imported."""
    known = {other.name for other in everything()}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node, "." * node.level
                continue
            parent = node.module or ""
            for alias in node.names:
                full = f"{parent}.{alias.name}"
                yield node, full if full in known else parent


def called(node: ast.Call) -> str:
    """Give the dotted end of what is called: ``datetime.now`` for ``datetime.datetime.now()`` too."""
    parts = []
    target = node.func
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    if isinstance(target, ast.Name):
        parts.append(target.id)
    return ".".join(reversed(parts[:2]))


def functions(module: Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1


def comments(module: Module) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def texts() -> Iterator[Path]:
    suffixes = {".py", ".md", ".yaml", ".json", ".toml", ".html", ".js", ".css", ".txt"}
    for folder in ("energy", "dashboard", "tests", "tools", "docs"):
        yield from (path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in suffixes)
    yield from sorted(ROOT.glob("*.md"))
    yield from (ROOT / name for name in ("pyproject.toml", "Makefile"))
