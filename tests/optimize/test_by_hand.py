"""The worked example of docs/optimisation.md: the command it shows gives the numbers it works out by hand."""

import ast
import json
import operator
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from energy.__main__ import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "optimisation.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## A plan checked by hand\n")[1].split("\n## ")[0]
ROWS = re.findall(r"^\| `([\w.]+)` \| `([^`]+)` \| ([-\d.]+) \|$", SECTION, re.MULTILINE)
PERIODS = re.findall(r"^\| (1\d:\d\d) \| (.+) \|$", SECTION, re.MULTILINE)
OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
TOLERANCE = 1e-6
"""The solver's, 1e-7 on each row, times prices."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the page's command with its own paths; give the plan and what was printed."""
    (command,) = re.findall(r"^    \.venv/bin/energiewaage (plan .+)$", SECTION, re.MULTILINE)
    out = tmp_path_factory.mktemp("by_hand") / "plan.json"
    words = [str(ROOT / word) if word.startswith("docs/") else word for word in shlex.split(command)]
    result = CliRunner().invoke(app, [str(out) if word == "plan.json" else word for word in words])
    assert result.exit_code == 0, result.output
    return json.loads(out.read_text(encoding="utf-8")), result.output


def worked_out(expression):
    """Work out numbers and the four operations, and nothing else."""

    def value(node):
        if isinstance(node, ast.BinOp):
            return OPERATIONS[type(node.op)](value(node.left), value(node.right))
        assert isinstance(node, ast.Constant), expression
        return float(node.value)

    return value(ast.parse(expression, mode="eval").body)


def at(plan, path):
    for key in path.split("."):
        plan = plan[int(key)] if isinstance(plan, list) else plan[key]
    return plan


@pytest.mark.parametrize(("path", "expression", "result"), ROWS, ids=[row[0] for row in ROWS])
def test_a_number_of_the_plan_is_what_the_page_works_out(run, path, expression, result):
    plan, _printed = run
    assert worked_out(expression) == pytest.approx(float(result), abs=TOLERANCE)
    assert at(plan, path) == pytest.approx(float(result), abs=TOLERANCE)


def test_the_page_works_out_every_part_that_is_not_nothing(run):
    plan, printed = run
    shown = {path.removeprefix("objective_parts_eur.") for path, _expression, _result in ROWS}
    assert {name for name, eur in plan["objective_parts_eur"].items() if abs(eur) > TOLERANCE} <= shown
    amounts = [
        int(re.sub(r"[.,]", "", text)) for text in re.findall(r"^  \w+ +(-?[\d,]+\.\d\d) EUR$", printed, re.M)
    ]
    assert f"optimal: {sum(amounts) / 100:,.2f} EUR" in printed, "what is printed adds up"
    assert sum(amounts) in {105063, 105064}
    assert "not kept: power_kw_max of grid_point by 10.00 kW, 500.00 EUR" in printed


def test_the_pages_table_of_powers_is_the_plan(run):
    plan, _printed = run
    market = [0.001 * float(line.split(",")[2]) for line in series_lines()]
    columns = [
        plan["assets"]["load"]["power_kw"],
        market,
        plan["assets"]["battery"]["power_kw"],
        plan["assets"]["battery"]["energy_kwh"],
        plan["assets"]["grid_point"]["power_kw"],
    ]
    assert len(PERIODS) == plan["periods"]
    for period, (_time, cells) in enumerate(PERIODS):
        wanted = [float(cell) for cell in cells.split(" | ")]
        assert [column[period] for column in columns] == pytest.approx(wanted, abs=TOLERANCE)


def series_lines():
    return (ROOT / "docs" / "by_hand" / "series.csv").read_text(encoding="utf-8").splitlines()[1:]


def test_what_binds_is_what_the_page_says(run):
    plan, _printed = run
    binding = {(each["asset_id"], each["name"]) for each in plan["binding"]}
    assert binding == {
        ("battery", "power_kw_min"),
        ("battery", "energy_kwh_min"),
        ("grid_point", "power_kw_max"),
        ("grid_point", "billed_peak_kw"),
    }


def test_the_plan_has_the_keys_of_the_contract(run):
    plan, _printed = run
    wanted = {"status", "gap", "objective_eur", "objective_parts_eur", "wall_s", "assets"}
    assert wanted | {"marginal_price_eur_per_kwh", "binding", "breaches", "notes"} <= set(plan)
    assert {"problem_s", "build_s", "solve_s", "read_s"} <= set(plan["wall_s"])
    assert all(seconds >= 0.0 for seconds in plan["wall_s"].values())
    assert plan["objective_eur"] == pytest.approx(sum(plan["objective_parts_eur"].values()))
