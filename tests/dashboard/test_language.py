"""The catalogues: complete, equal, and every code translated."""

import re
import string
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from dashboard.assets import FAMILIES
from dashboard.devices import Access
from dashboard.findings import PATTERNS, sentence
from dashboard.language import LANGUAGES, Words, catalogue, placeholders
from dashboard.presence import Presence
from energy.alarms import QUALITY_CODES, RUNG_CODES
from energy.conduct import FollowingState
from energy.controller.taking_back import LEFT, TAKEN_BACK
from energy.domain import Authority, Level, Quality, Rung, Severity
from energy.forecast.marks.fault import FaultKind
from energy.live_score import Lead
from energy.optimize.kinds.catalogue import KIND_OF
from energy.optimize.proof import notes_on_gap
from energy.planning.models_at_hand import TOLD
from energy.planning.training_record import Verdict
from energy.rung_reason import REASONS, why_not_above
from tests.dashboard.test_colours import KINDS
from tests.dashboard.valley import valley

BERLIN = ZoneInfo("Europe/Berlin")
GAPS = ((0.0012, 1e-3), (0.025, 1e-3), (None, 1e-5), (2e-6, 1e-6))
"""Proven and wanted."""
GAP_NOTES = [next(notes_on_gap(proven, wanted=wanted)) for proven, wanted in GAPS]


def test_every_language_has_the_same_texts_with_the_same_placeholders():
    first, *others = (catalogue(language) for language in LANGUAGES)
    for other in others:
        assert other.keys() == first.keys()
        assert {key: placeholders(text) for key, text in other.items()} == {
            key: placeholders(text) for key, text in first.items()
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_has_a_broken_placeholder(language):
    for key, text in catalogue(language).items():
        assert text.strip(), key
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        assert named == placeholders(text), key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("family", "codes"),
    [
        ("rung", list(Rung)),
        ("authority", list(Authority)),
        ("quality", list(Quality)),
        ("level", list(Level)),
        ("severity", list(Severity)),
        ("presence", list(Presence)),
        ("outcome", ["applied", "limited", "rejected", "unreachable"]),
        ("alarm", [code for code, _ in [*QUALITY_CODES.values(), *RUNG_CODES.values()]]),
        ("alarm", ["setpoint_limited", "setpoint_rejected", "setpoint_unreachable"]),
        ("alarm", ["not_commissioned", "device_local", "device_fault", "setpoint_not_followed"]),
        ("alarm", ["foreign_write", "write_budget_low", "write_budget_spent", "heartbeat_stale"]),
        ("alarm", [TAKEN_BACK, LEFT]),
        ("alarm", [f"data_{kind}" for kind in get_args(FaultKind)]),
        ("alarm", [*TOLD.values(), "model_unusable", "judging_failed"]),
        ("alarm", ["weather_late", "weather_missing", "weather_short", "weather_unreachable"]),
        ("alarm", ["planned_without_weather", "plan_gap_missed", "plan_gap_far_missed", "plan_unproven"]),
        ("forecast_why", list(REASONS)),
        ("finding", [pattern.key for pattern in PATTERNS]),
        ("training", list(get_args(Verdict))),
        ("lead", list(Lead)),
        ("following", list(FollowingState)),
        ("access", list(Access)),
        ("kind", KINDS),
        ("family", list(FAMILIES)),
        ("source", ["chp", "heat_pump", "boiler", "heat_storage"]),
        ("part", ["energy_import", "energy_export", "capacity", "fees", "wear", "curtailment", "unserved"]),
        ("part", ["breach", "terminal", "fuel", "co2", "starts", "imbalance"]),
        ("part", ["wish_co2", "wish_autarky", "wish_nomination"]),
        ("limit", sorted({rule.name for kind in KIND_OF.values() for rule in kind.binding.values()})),
        ("safe_state", sorted({asset.safe_state.name for asset in valley().assets if asset.safe_state})),
    ],
)
def test_every_code_is_translated(language, family, codes):
    texts = catalogue(language)
    assert [code for code in codes if f"{family}.{code}" not in texts] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("planned_without_weather", "weather_late: csv/valley: issued 2026-06-01T10:00:00Z"),
        ("planned_without_weather", "weather_late: csv/valley: reaches only to 2026-06-01T10:00:00Z"),
        ("planned_without_weather", "weather_short: csv/valley: reaches only to 2026-06-01T10:00:00Z"),
        ("planned_without_weather", "weather_missing: csv/valley: none is known"),
        ("weather_late", "csv/valley is 30 h old, at most 24 h: no newer one came. Mend: forecasts go on"),
        ("weather_missing", "csv/valley: no such file. Mend: forecasts go on"),
        ("weather_unreachable", "csv/valley: no such file. Mend: forecasts go on"),
        ("model_unusable", "its checksum is wrong: the file is damaged"),
        ("model_unusable", "it was learned by another version of this program"),
        ("training_failed", "the child ended; the models stay as they are. Mend: see the log"),
        ("judging_failed", "ValueError: x"),
        *((note.partition(": ")[0], note.partition(": ")[2]) for note in GAP_NOTES),
        *(
            (f"data_{kind}", "2026-06-01T10:00:00Z to 2026-06-01T15:00:00Z: w")
            for kind in get_args(FaultKind)
        ),
        ("data_stuck", "2026-06-01T10:00:00Z to 2026-06-01T15:00:00Z: w; still used"),
        *((code, "too wild") for code in TOLD.values()),
    ],
)
def test_every_note_on_forecasts_is_a_sentence_in_local_time(language, code, detail):
    said = sentence(Words.of(language, BERLIN), code, detail)
    assert said is not None
    assert not re.search(r"\d{4}-\d\d-\d\dT|Mend|is wrong|issued 2026|_", said)
    if "T10:00" in detail:
        assert "12:00" in said


def test_a_missed_gap_is_told_in_the_language_s_own_numbers():
    german, english = (
        [sentence(Words.of(language, BERLIN), *note.split(": ")) for note in GAP_NOTES]
        for language in ("de", "en")
    )
    figures = [("0,12 %", "0,1 %"), ("2,5 %", "0,1 %"), ("0,001 %",), ("0,001 %", "0,0001 %")]
    for said, other, wanted in zip(german, english, figures, strict=True):
        for figure in wanted:
            assert figure in said.replace("\u00a0", " ")
            assert figure.replace(",", ".") in other.replace("\u00a0", " ")


def test_a_damaged_model_is_the_reason_and_so_is_a_short_past():
    def why(rung, kind="load", notes=(), verdict=None):
        return why_not_above(rung, asset_id="a", kind=kind, notes=notes, verdict=verdict)

    damaged = ("model_unusable@a: its checksum is wrong", "model_unusable@b: x")
    assert why("learned") == ("top",)
    assert why("seasonal", notes=damaged, verdict="accepted") == ("model_damaged", "profile_outgrown")
    assert why("profile", verdict="too_short") == ("too_short",)
    assert why("seasonal", verdict="retired") == ("model_retired", "profile_outgrown")
    late = ("planned_without_weather: weather_late: csv: issued x",)
    assert why("seasonal", "pv", late, "first") == ("model_lacks_weather", "physics_lacks_weather")
    assert why("flat", "hydro") == ("never_trained", "profile_lacks", "too_little_measured")


def test_every_kind_lies_in_exactly_one_drawer():
    assert sorted(kind for kinds in FAMILIES.values() for kind in kinds) == KINDS


def test_an_unknown_code_is_shown_raw():
    assert Words.of("de", BERLIN).code("alarm", "brand_new_code") == "brand_new_code"


def test_an_unknown_language_is_refused():
    with pytest.raises(KeyError):
        Words.of("fr", BERLIN)


def test_numbers_are_magnitudes_in_the_languages_own_writing():
    german, english = Words.of("de", BERLIN), Words.of("en", BERLIN)
    assert german.power(-12345.6) == "12.346 kW"
    assert english.power(-12345.6) == "12,346 kW"
    assert german.power(9.876) == "9,9 kW"
    assert german.power(0.0) == "0 kW"
    assert german.power(None) == "–"


def test_ages_get_coarser():
    words = Words.of("en", BERLIN)
    assert [words.age(age_s) for age_s in (None, 3.2, 119.0, 600.0, 10_000.0, 1e6)] == [
        "never",
        "3 s",
        "119 s",
        "10 min",
        "3 h",
        "12 d",
    ]
