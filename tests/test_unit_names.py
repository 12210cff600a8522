"""A float's name carries its unit, checked from the source of every dataclass."""

import ast
from collections.abc import Iterator

from tests.source_code import product, within

UNITS = frozenset(
    {
        *("kw", "kwh", "w", "wh", "mw", "mwh", "eur", "s", "ms", "h", "days", "c", "k", "degrees"),
        *("m", "m2", "m3", "mps"),
        *("percent", "bytes", "periods", "registers", "bits", "fraction", "efficiency", "share", "coverage"),
    }
)

UNITLESS: dict[str, str] = {
    "value": "its unit is that of its point or column",
    "values": "its unit is that of its point or column",
    "columns": "a mapping whose keys name the units",
    "states": "a mapping whose keys name the units",
    "truth": "a mapping whose keys name the units",
    "speed": "seconds per second",
    "gap": "a fraction, by the solvers' own word",
    "solver_gap": "a fraction, by the solvers' own word",
    "latitude": "degrees by definition",
    "longitude": "degrees by definition",
    "location": "latitude and longitude, degrees",
    "size": "of a breach, whose unit is a field of its own",
    "scale": "of a register: raw steps to the unit beside it",
    "offset": "of a register: raw steps to the unit beside it",
    "min": "of a register: in the unit of its point",
    "max": "of a register: in the unit of its point",
    "balance_sign": "plus or minus one",
    "factor": "of a correction: times the forecast",
    "nmae": "a fraction of the mean, by its usual name",
    **dict.fromkeys(
        ("skill_day_before", "skill_week_before", "skill_uncorrected"), "a fraction, by its usual name"
    ),
    **dict.fromkeys(("probability", "quantile", "risk_weight", "risk_level"), "a fraction by definition"),
    "cop_max": "heat over electricity, kW over kW",
}

UNITLESS_FIELDS: dict[str, str] = {
    "dashboard.record.Counted.numbers": "a mapping whose keys name the units",
    "dashboard.balance.GroupTotal.kinds": "pairs of a kind and its power_kw",
    **dict.fromkeys(
        (f"dashboard.charts.Band.{name}" for name in ("measured", "planned", "p05", "p50", "p95")),
        "lines of one chart, all kW",
    ),
    "energy.app.commissioning_device.Row.step": "of a register: in the unit of its point",
    **dict.fromkeys(
        (f"energy.historian.exchange.metering_options.Decided.{name}" for name in ("factor", "span")),
        "its unit is that of the point",
    ),
    "energy.devices.watch_jump.RateBound.slack": "its unit is that of its point",
    **dict.fromkeys(
        (
            "energy.devices.sweep.Beside.steps",
            "energy.devices.sweep.Beside.beat",
            "energy.devices.write_economy.Foreign.raws",
            "energy.devices.write_script.Part.number",
            "energy.devices.write_script.Part.multiplier",
        ),
        "of a register: the raw number as it stands there, or what scales it",
    ),
}

UNITLESS_ROOMS: dict[str, str] = {
    "energy.app.svg": "numbers of a drawing, in the unit that its axis's label names",
    "energy.forecast": "learns any column in the column's own unit, or scaled by its spread",
    "energy.metering.gram": "normal equations of a regression",
    "energy.metering.search": "variances of fractions",
    "energy.optimize.coordination": "columns and yes-or-no values of a programme; deadlines are moments",
    "energy.optimize.matrix.form": "coefficients of a linear programme",
    "energy.optimize.highs.program": "columns and rows of a linear programme",
    "energy.optimize.highs.instance": "columns and rows of a linear programme",
    "energy.optimize.highs.mixed": "columns and rows of a mixed-integer programme",
    "energy.optimize.uncertainty.scenarios": "coefficients of a linear programme",
    "energy.optimize.matrix.probing": "coefficients of a linear programme",
    "energy.optimize.matrix.prototype": "coefficients of a linear programme",
    "energy.optimize.matrix.tile": "coefficients of a linear programme",
    "energy.optimize.highs.solver": "columns and rows of a linear programme",
    "energy.optimize.highs.apart": "columns and rows of a linear programme",
    "energy.optimize.steady.ties": "rows of a linear programme and their weights",
}


def _holds_floats(annotation: ast.expr) -> bool:
    names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
    return bool(names & {"float", "FloatArray", "Number"}) and "Callable" not in names


def _float_fields(tree: ast.Module) -> Iterator[tuple[ast.AnnAssign, str, str]]:
    """Give the fields of dataclasses that hold floats, with their class and name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        if not any("dataclass" in ast.dump(decorator) for decorator in node.decorator_list):
            continue
        for field in node.body:
            plain = isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            if plain and _holds_floats(field.annotation):
                yield field, node.name, field.target.id


def test_every_float_field_names_its_unit_or_has_a_reason_not_to() -> None:
    offences = []
    for module in product():
        if any(within(module.name, room) for room in UNITLESS_ROOMS):
            continue
        for field, owner, name in _float_fields(module.tree):
            named = UNITS & set(name.split("_")) or name.strip("_") in UNITLESS
            if not named and f"{module.name}.{owner}.{name}" not in UNITLESS_FIELDS:
                offences.append(module.at(field, f"{owner}.{name} names no unit"))
    assert not offences, "\n" + "\n".join(offences)


def test_no_exception_outlives_its_field() -> None:
    found = {
        f"{module.name}.{owner}.{name}"
        for module in product()
        for _, owner, name in _float_fields(module.tree)
    }
    plain = {place.rsplit(".", 1)[1].strip("_") for place in found}
    assert not set(UNITLESS_FIELDS) - found
    assert not set(UNITLESS) - plain
