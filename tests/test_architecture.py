"""The house rules, checked from the source: every offence of a rule at once, each as ``file:line``.

Rows, library owners and limits stand in docs/architecture.md. Where a rule names an exception, the reason
stands beside it.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from tests.source_code import (
    ROOT,
    called,
    comments,
    everything,
    functions,
    imports,
    product,
    texts,
    within,
)

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_WANTED = 40
LONG_FUNCTIONS_SHARE_MAX = 0.02
"""A ratchet: lower it when the share falls, never raise it."""

ROWS: tuple[tuple[str, ...], ...] = (
    ("energy.units", "energy.errors", "energy.plain_words", "energy.backoff", "energy.own_child"),
    ("energy.sqlite_medium", "energy.correction"),
    ("energy.domain", "energy.periods", "energy.yaml_file", "energy.sqlite_file"),
    ("energy.canonical", "energy.conduct", "energy.weather", "energy.job", "energy.live_score"),
    ("energy.region",),
    ("energy.ports",),
    (
        *("energy.ledger", "energy.mailbox", "energy.physics", "energy.arbitration", "energy.safety"),
        *("energy.balance", "energy.authority", "energy.alarms", "energy.explanation", "energy.invariants"),
        *("energy.metering", "energy.commissioning", "energy.space", "energy.metrics"),
        *("energy.adding_up", "energy.rung_reason"),
    ),
    (
        *("energy.controller", "energy.historian", "energy.forecast", "energy.optimize"),
        *("energy.devices", "energy.market"),
    ),
    ("energy.planning", "energy.backup"),
    ("energy.jobs",),
    ("energy.evaluation", "dashboard"),
    ("energy.app", "dashboard.__main__"),
    ("energy.__main__",),
)
"""Lowest first. A module imports from lower rows and from its own package, never across its row."""

DASHBOARD_MAY_IMPORT = (
    *(
        "energy.units",
        "energy.errors",
        "energy.domain",
        "energy.periods",
        "energy.canonical",
        "energy.conduct",
        "energy.live_score",
        "energy.region",
    ),
    *("energy.ports", "energy.ledger", "energy.mailbox", "energy.alarms", "energy.explanation"),
    *("energy.adding_up", "energy.rung_reason"),
    *("energy.historian.sqlite_reader", "energy.historian.schema", "energy.metrics"),
    *("energy.historian.influx.spool_file", "energy.historian.influx.spool_reader"),
    *("energy.job", "energy.jobs.record"),
)
"""What shows may read the record and the jobs, and nothing that decides, writes or talks to devices."""

OWNERS: dict[str, tuple[str, ...]] = {
    "pymodbus": ("energy.devices",),
    "serial": ("energy.devices",),
    "sunspec2": ("energy.devices.scan",),
    **dict.fromkeys(("influxdb_client", "urllib3"), ("energy.historian.influx",)),
    "sqlite3": ("energy.sqlite_file",),
    "pyomo": ("energy.optimize",),
    "highspy": ("energy.optimize.highs",),
    **dict.fromkeys(("distributed", "dask"), ("energy.optimize.coordination",)),
    "sklearn": ("energy.forecast",),
    **dict.fromkeys(("pvlib", "windpowerlib", "demandlib"), ("energy.forecast",)),
    "pandas": ("energy.forecast", "energy.historian", "energy.market", "energy.region.history"),
    "pyarrow": ("energy.historian.exchange",),
    "yaml": ("energy.yaml_file",),
    **dict.fromkeys(("typer", "click", "rich"), ("energy.__main__", "energy.app")),
    **dict.fromkeys(("fastapi", "starlette", "jinja2", "plotly", "babel"), ("dashboard",)),
    **dict.fromkeys(("uvicorn", "prometheus_client"), ("dashboard",)),
    "httpx": ("energy.historian", "energy.app", "energy.forecast.weather"),
    "threadpoolctl": ("energy.forecast", "energy.planning"),
    **dict.fromkeys(("pydantic", "pydantic_core"), ("energy", "dashboard")),
    **dict.fromkeys(("numpy", "scipy", "holidays", "structlog"), ("energy", "dashboard")),
}

DECIDES = (
    *("energy.arbitration", "energy.safety", "energy.balance", "energy.authority", "energy.alarms"),
    *("energy.explanation", "energy.invariants", "energy.physics", "energy.controller.decide"),
    *("energy.metering", "energy.space"),
)
"""Values in, values out: no input or output, no clock, no environment, no chance, no asyncio."""
IMPURE = frozenset(
    {"os", "io", "pathlib", "socket", "sqlite3", "subprocess", "time", "random", "asyncio", "threading"}
)

CLOCKS = ("energy.app.clock", "dashboard.__main__")
PRINTERS = ("energy.app", "energy.__main__", "dashboard.__main__", "dashboard.serving")
CLOCK_CALLS = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
)
BANNED_CALLS = frozenset({"eval", "exec", "os.system", "os.popen", "breakpoint", "setattr"})
BANNED_IMPORTS = frozenset({"pickle", "marshal", "shelve", "dill", "unittest.mock"})
BANNED_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"})


def _row(name: str) -> tuple[int, str] | None:
    """Give the row and the room of a module: the longest entry that holds it."""
    rooms = [(len(room), index, room) for index, row in enumerate(ROWS) for room in row if within(name, room)]
    return max(rooms)[1:] if rooms else None


def wrong_direction() -> Iterator[str]:
    """Imports go down, by full names; a module across the row is as far away as one above."""
    for module in product():
        own = _row(module.name)
        for node, name in imports(module):
            if name.startswith("."):
                yield module.at(node, "relative import; write the full name")
            elif name.split(".")[0] in {"energy", "dashboard"} and name not in {"energy", "dashboard"}:
                other = _row(name)
                if other is None or own is None:
                    continue
                if other[1] != own[1] and other[0] >= own[0]:
                    yield module.at(node, f"{own[1]} must not import {name}")


def homeless_modules() -> Iterator[str]:
    """Each module stands in a row."""
    for module in product():
        if module.name not in {"energy", "energy.regions"} and _row(module.name) is None:
            yield module.at(module.tree, f"{module.name} stands in no row")


def dashboard_reaching_in() -> Iterator[str]:
    """The dashboard reads the record; energy never knows the dashboard."""
    for module in product():
        inside = within(module.name, "dashboard")
        for node, name in imports(module):
            if (
                inside
                and within(name, "energy")
                and not any(within(name, may) for may in DASHBOARD_MAY_IMPORT)
            ):
                yield module.at(node, f"the dashboard must not import {name}")
            if not inside and within(name, "dashboard"):
                yield module.at(node, f"{module.name} must not import {name}")


def foreign_libraries() -> Iterator[str]:
    """Each library is known to its owner only, so that it can be replaced in one place."""
    for module in product():
        for node, name in imports(module):
            library = name.split(".")[0]
            if name.startswith(".") or library in {"energy", "dashboard"}:
                continue
            owners = OWNERS.get(library, ("nobody",))
            if library in sys.stdlib_module_names and library not in OWNERS:
                continue
            if not any(within(module.name, owner) for owner in owners):
                yield module.at(node, f"{library} belongs to {', '.join(owners)}")


def impure_deciders() -> Iterator[str]:
    """What decides takes values and returns values."""
    for module in product():
        if not any(within(module.name, room) for room in DECIDES):
            continue
        for node, name in imports(module):
            if name.split(".")[0] in IMPURE:
                yield module.at(node, f"what decides must not import {name}")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await):
                yield module.at(node, "what decides is plain, never async")


def long_modules() -> Iterator[str]:
    """A module fits a mind."""
    for module in everything():
        lines = module.text.count("\n")
        if lines > MODULE_LINES_MAX:
            yield module.at(module.tree, f"{lines} lines, at most {MODULE_LINES_MAX}")


def long_functions() -> Iterator[str]:
    """A function fits a screen."""
    for module in everything():
        for node, lines in functions(module):
            if lines > FUNCTION_LINES_MAX:
                yield module.at(node, f"{node.name} has {lines} lines, at most {FUNCTION_LINES_MAX}")


def many_longish_functions() -> Iterator[str]:
    """Forty lines are wanted: few functions have more."""
    lengths = [(module, node, lines) for module in product() for node, lines in functions(module)]
    longish = [entry for entry in lengths if entry[2] > FUNCTION_LINES_WANTED]
    share = len(longish) / len(lengths)
    if share > LONG_FUNCTIONS_SHARE_MAX:
        limit = f"{FUNCTION_LINES_WANTED} lines, at most {LONG_FUNCTIONS_SHARE_MAX:.1%}"
        yield f"{share:.1%} of functions are over {limit}"
        yield from (module.at(node, f"{node.name} has {lines} lines") for module, node, lines in longish)


def banned_calls() -> Iterator[str]:
    """One clock, one place that prints, nothing that runs text."""
    for module in everything():
        product = module.name.split(".")[0] in {"energy", "dashboard"}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Global):
                yield module.at(node, "global: state lives in an object")
            if not isinstance(node, ast.Call):
                continue
            name = called(node)
            if name in BANNED_CALLS or name.endswith("monkeypatch.setattr"):
                yield module.at(node, f"{name}() is banned")
            if product and name in CLOCK_CALLS and module.name not in CLOCKS:
                yield module.at(node, f"{name}() is read in {' and '.join(CLOCKS)} only")
            if product and name == "print" and not any(within(module.name, room) for room in PRINTERS):
                yield module.at(node, "print() belongs to the command line")
            if any(keyword.arg == "shell" for keyword in node.keywords):
                yield module.at(node, "no shell")


def banned_imports() -> Iterator[str]:
    """Nothing that runs foreign bytes; fakes sit at ports, not in patches."""
    for module in everything():
        for node, name in imports(module):
            if any(within(name, banned) for banned in BANNED_IMPORTS) or name == "unittest":
                yield module.at(node, f"{name} is banned")


def defaults_for_missing_numbers() -> Iterator[str]:
    """Missing is missing: ``x or 0.0`` turns a true zero and a missing value into the same thing."""
    for module in product():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
                last = node.values[-1]
                if isinstance(last, ast.Constant) and type(last.value) in {int, float}:
                    yield module.at(node, f"'or {last.value}' as a default; test for None")


def full_packages() -> Iterator[str]:
    """``__init__.py`` is a docstring."""
    for module in product():
        if module.path.name == "__init__.py":
            if ast.get_docstring(module.tree) is None:
                yield module.at(module.tree, "a package begins with its docstring")
            for node in module.tree.body[1:]:
                yield module.at(node, "__init__.py is a docstring and nothing else")


def vague_names() -> Iterator[str]:
    """A module is named by a noun of the field."""
    for module in everything():
        if module.path.stem in BANNED_NAMES:
            yield module.at(module.tree, f"'{module.path.stem}' says nothing")


SILENCERS = {
    "noqa": re.compile(r"#\s*noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*\s+\S+"),
    "type: ignore": re.compile(r"#\s*type: ignore\[[\w, -]+\]\s+\S+"),
}


def silenced_without_reason() -> Iterator[str]:
    """What silences a check names the check and says why."""
    for module in everything():
        for line, comment in comments(module):
            for kind, form in SILENCERS.items():
                if re.match(rf"#\s*{kind}\b", comment) and not form.match(comment):
                    place = f"{module.path.relative_to(ROOT)}:{line}"
                    yield f"{place}: '{comment.strip()}' needs a code and a reason"


def left_undone() -> Iterator[str]:
    """Nothing is left for later, and no test is skipped."""
    words = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error"]))
    for module in everything():
        for line, text in enumerate(module.text.splitlines(), 1):
            found = words.search(text)
            catching = "except" in text or "raises" in text
            if found and not catching:
                yield f"{module.path.relative_to(ROOT)}:{line}: {found[0]}"
        for node in ast.walk(module.tree):
            skips = isinstance(node, ast.Attribute) and node.attr in {
                "skip",
                "skipif",
                "xfail",
                "importorskip",
            }
            if skips and "'pytest'" in ast.dump(node):
                yield module.at(node, f"{node.attr}: every test runs")


def places_of_one_machine() -> Iterator[str]:
    """Nothing knows where it was written."""
    folders = "|".join(["work", "home", "root", "Users"])
    local = re.compile(rf"(?<![\w.:/}}])/(?:{folders})/\w")
    for path in texts():
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if local.search(text):
                yield f"{path.relative_to(ROOT)}:{line}: a path of one machine"
    for line, text in enumerate((ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines(), 1):
        if "://" in text or "index-url" in text or re.search(r"@ |^-e|file:", text):
            yield f"requirements.lock:{line}: an address in the lock"


RULES: tuple[Callable[[], Iterator[str]], ...] = (
    wrong_direction,
    homeless_modules,
    dashboard_reaching_in,
    foreign_libraries,
    impure_deciders,
    long_modules,
    long_functions,
    many_longish_functions,
    banned_calls,
    banned_imports,
    defaults_for_missing_numbers,
    full_packages,
    vague_names,
    silenced_without_reason,
    left_undone,
    places_of_one_machine,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: cast("Callable[[], object]", rule).__name__)
def test_the_source_keeps(rule: Callable[[], Iterator[str]]) -> None:
    offences = list(rule())
    assert not offences, f"{rule.__doc__}\n" + "\n".join(offences)
