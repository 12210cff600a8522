"""The state file of a planning from files: what is measured at the start, each fault at its line."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from energy.domain import Point
from energy.errors import BadInput, Fault, reason_of, told
from energy.optimize.contract import ENERGY_KWH_MAX, POWER_KW_MAX, states_of
from energy.region.model import Region

STATE_BYTES_MAX = 5_000_000
"""A state file of 20,000 assets has about 1 MB."""
FORM = 'the form is {"assets": {id: {"energy_kwh": 1.0}}, "billed_peak_kw": 1.0}'
ASSETS, BILLED_PEAK = "assets", "billed_peak_kw"


def read_state(region: Region, path: Path | None) -> Mapping[str, Any]:
    """Read what is measured; empty where there is no file.

    Raises:
        BadInput: with every fault, its line, the value and what may stand there.
    """
    if path is None:
        return {}
    try:
        if path.stat().st_size > STATE_BYTES_MAX:
            raise _unreadable(path, value=path.name, limit=f"at most {STATE_BYTES_MAX} bytes")
        text = path.read_text(encoding="utf-8-sig")
        content = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise _unreadable(path, value=error.msg, limit="not JSON here", line=error.lineno) from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, value=reason_of(error), limit="not a JSON file that can be read") from error
    faults = list(_faults(region, content, _Places(path=path, text=text)))
    if faults:
        raise BadInput(faults)
    checked: Mapping[str, Any] = content
    return checked


def _unreadable(path: Path, *, value: object, limit: str, line: int | None = None) -> BadInput:
    return BadInput(
        [Fault(file=str(path), line=line, place="(file)", value=value, limit=limit, mend="check the file")]
    )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: JSON would keep the last of them and say nothing."""
    keys = [key for key, _value in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"the key {key!r} stands twice")
    return dict(pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Finds the line of a key, and makes faults there."""

    path: Path
    text: str

    def bad(self, *keys: str, value: object, limit: str, mend: str) -> Fault:
        """Make a fault at a path of keys."""
        place = ".".join(keys) or "(file)"
        return Fault(
            file=str(self.path), line=self._line(keys), place=place, value=value, limit=limit, mend=mend
        )

    def _line(self, keys: tuple[str, ...]) -> int | None:
        position = 0
        for key in keys:
            position = self.text.find(json.dumps(key, ensure_ascii=False), position)
            if position < 0:
                return None
        return self.text.count("\n", 0, position) + 1


def _faults(region: Region, content: Any, at: _Places) -> Iterator[Fault]:
    if not isinstance(content, dict) or not isinstance(content.get(ASSETS, {}), dict):
        wrong = content.get(ASSETS) if isinstance(content, dict) else content
        yield at.bad(value=told(wrong), limit=FORM, mend="write an object with the key assets")
        return
    for key in sorted(set(content) - {ASSETS, BILLED_PEAK}):
        yield at.bad(key, value=content[key], limit=FORM, mend="remove it")
    if BILLED_PEAK in content:
        yield from _number_faults(at, (BILLED_PEAK,), content[BILLED_PEAK], most=POWER_KW_MAX, unit="kW")
    states = {asset.id: states_of(asset) for asset in region.members}
    for asset_id, values in content.get(ASSETS, {}).items():
        if asset_id not in states:
            known = ", ".join(name for name, own in states.items() if own) or "none"
            limit = f"the region has no such asset (with states: {known})"
            yield at.bad(ASSETS, asset_id, value=asset_id, limit=limit, mend="correct the id")
        elif not isinstance(values, dict):
            yield at.bad(ASSETS, asset_id, value=told(values), limit=FORM, mend="write an object of states")
        else:
            yield from _state_faults(at, asset_id, values, known=[str(name) for name in states[asset_id]])


def _state_faults(
    at: _Places, asset_id: str, values: Mapping[str, Any], *, known: list[str]
) -> Iterator[Fault]:
    for name, value in values.items():
        if name not in known:
            limit = f"no such state here (known: {', '.join(known) or 'none'})"
            yield at.bad(ASSETS, asset_id, name, value=value, limit=limit, mend="correct or remove it")
        elif name == Point.POWER_KW:
            keys = (ASSETS, asset_id, name)
            yield from _number_faults(at, keys, value, least=-POWER_KW_MAX, most=POWER_KW_MAX, unit="kW")
        else:
            yield from _number_faults(at, (ASSETS, asset_id, name), value, most=ENERGY_KWH_MAX, unit="")
    backlog, urgent = (values.get(str(name)) for name in (Point.ENERGY_KWH_BACKLOG, Point.ENERGY_KWH_URGENT))
    if isinstance(backlog, int | float) and isinstance(urgent, int | float) and urgent > backlog:
        limit = f"more than all that waits, {Point.ENERGY_KWH_BACKLOG} {backlog}"
        mend = "the backlog holds what is urgent, too: correct one of them"
        yield at.bad(ASSETS, asset_id, str(Point.ENERGY_KWH_URGENT), value=urgent, limit=limit, mend=mend)


def _number_faults(
    at: _Places, keys: tuple[str, ...], value: Any, *, least: float = 0.0, most: float, unit: str
) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield at.bad(*keys, value=told(value), limit="must be a number", mend="write a number")
    elif not math.isfinite(value) or not least <= value <= most:
        limit = f"must be finite, {least:.0f} to {most:.0f} {unit}".strip()
        yield at.bad(*keys, value=value, limit=limit, mend="leave out what was not measured")
