"""Puts the picture into a language's HTML: a whole page, or the parts of it that change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboard import device_words, findings, phrases, reasons, states
from dashboard.assets import FAMILIES, AssetRow, Freshness, family_of
from dashboard.balance import Group
from dashboard.charts import CONTROLLABLE_KINDS
from dashboard.forecasts import PlannersPicture
from dashboard.language import LANGUAGES, Words
from dashboard.picture import Picture
from energy.domain import Alarm, Applied, Rung, Severity

Families = list[tuple[str, list[AssetRow]]]

FRAGMENTS = (
    *("masthead", "notices", "summary", "controller", "alarms", "balance", "networks", "feeders"),
    *("costs", "as_of", "footing"),
)
"""The parts of the page that change, each a template of its name and an element of its id.

Beside them each cell of the long lists is a part of its own, so that a push carries only numbers that moved.
"""
OPEN_ROWS_MAX = 12
"""So many assets can be seen at once: the drawers of a longer list start closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderer:
    """The templates with the words of each language."""

    environment: Environment
    words: dict[str, Words]
    static_root: str

    @classmethod
    def of(cls, zone: ZoneInfo, *, static_root: str) -> "Renderer":
        """Load the templates; every value is escaped, an unknown name is an error."""
        environment = Environment(
            loader=PackageLoader("dashboard", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        words = {language: Words.of(language, zone) for language in LANGUAGES}
        return cls(environment=environment, words=words, static_root=static_root)

    def page(self, picture: Picture, language: str) -> str:
        """Render the whole page."""
        return self._render("page.html", picture, language)

    def planners_page(self, picture: Picture, planners: PlannersPicture | None, language: str) -> str:
        """Render the planners' page."""
        context = {**self._context(picture, language), "f": planners}
        return self.environment.get_template("forecasts.html").render(context)

    def fragments(self, picture: Picture, language: str) -> dict[str, str]:
        """Render each part that changes, by its element's id."""
        context = self._context(picture, language)
        wanted = [name for name in FRAGMENTS if _is_shown(name, picture)]
        parts = {
            name: self.environment.get_template(f"{name}.html").render(context).strip() for name in wanted
        }
        return parts | {name: str(cell) for name, cell in context["cells"].items()}

    def _render(self, template: str, picture: Picture, language: str) -> str:
        return self.environment.get_template(template).render(self._context(picture, language))

    def _context(self, picture: Picture, language: str) -> dict[str, Any]:
        families = _families(picture)
        context: dict[str, Any] = {
            "p": picture,
            "w": self.words[language],
            "say": phrases,
            "state": states,
            "device_words": device_words,
            "findings": findings,
            "reasons": reasons,
            "families": families,
            "open_families": len(picture.rows) <= OPEN_ROWS_MAX,
            "controllable_kinds": CONTROLLABLE_KINDS,
            "fragments": FRAGMENTS,
            "rungs": list(Rung),
            "groups": list(Group),
            "languages": list(self.words.values()),
            "static_root": self.static_root,
        }
        return context | {"cells": self._cells(picture, families, context)}

    def _cells(self, picture: Picture, families: Families, context: dict[str, Any]) -> dict[str, str]:
        """Render every cell of the long lists by its element's id."""
        cell: Any = self.environment.get_template("cells.html").make_module(context)
        alarms, devices = picture.alarms_by_target, picture.devices_by_id
        cells: dict[str, str] = {}
        for row in picture.rows:
            own = alarms.get(row.asset.id, ())
            cells[f"power-{row.asset.id}"] = cell.power(row)
            cells[f"state-{row.asset.id}"] = cell.detail(row)
            cells[f"told-{row.asset.id}"] = cell.told(row, devices.get(row.asset.id))
            cells[f"plan-{row.asset.id}"] = cell.plan(row)
            cells[f"note-{row.asset.id}"] = cell.note(row, own)
        for device in picture.devices:
            asset_id = device.row.asset.id
            cells[f"access-{asset_id}"] = cell.access(device)
            cells[f"chain-{asset_id}"] = cell.chain(device)
            cells[f"follows-{asset_id}"] = cell.follows(device)
            cells[f"day-{asset_id}"] = cell.score(device.day)
            cells[f"week-{asset_id}"] = cell.score(device.week)
        for name, rows in families:
            troubled = sum(1 for row in rows if _is_troubled(row, alarms))
            cells[f"family-{name}"] = cell.family(rows, troubled)
        words: Words = context["w"]
        for place in picture.municipalities if len(picture.municipalities) > 1 else ():
            place_id = place.municipality.id
            cells[f"use-{place_id}"] = cell.magnitude(place.consumption_kw, None)
            cells[f"make-{place_id}"] = cell.magnitude(
                place.generation_kw, words.text("municipalities.no_generation")
            )
            cells[f"share-{place_id}"] = cell.share(place)
        # A macro gives escaped markup, and so does its strip: page.html prints it as it is.
        return {name: text.strip() for name, text in cells.items()}


def _families(picture: Picture) -> Families:
    sorted_rows: dict[str, list[AssetRow]] = {name: [] for name in FAMILIES}
    for row in picture.rows:
        sorted_rows[family_of(row.asset)].append(row)
    return [(name, rows) for name, rows in sorted_rows.items() if rows]


def _is_troubled(row: AssetRow, alarms: Mapping[str, tuple[Alarm, ...]]) -> bool:
    grave = any(alarm.severity is not Severity.INFO for alarm in alarms.get(row.asset.id, ()))
    refused = row.outcome is not None and not isinstance(row.outcome, Applied)
    return grave or refused or row.main.freshness is not Freshness.FRESH


def _is_shown(name: str, picture: Picture) -> bool:
    if name == "networks":
        return bool(picture.heat or picture.hydrogen or picture.water)
    return name != "feeders" or bool(picture.feeders)
