"""Settings of the dial on uncertainty, compared on the same day of a small region."""

import dataclasses

import pytest

from energy.errors import BadInput
from energy.evaluation.setting import settings_of, with_setting
from energy.region.model import Region


def test_a_setting_changes_the_dial_and_nothing_else(tiny: Region) -> None:
    assert with_setting(tiny, "") is tiny
    set_to = with_setting(tiny, "scenarios:0.3")
    assert set_to.control.uncertainty.mode == "scenarios"
    assert set_to.control.uncertainty.risk_weight == 0.3
    assert dataclasses.replace(set_to, control=tiny.control) == tiny
    assert with_setting(tiny, "point").control == tiny.control


def test_settings_are_named_once_each_and_in_order() -> None:
    assert settings_of("reserve, point,reserve") == ("reserve", "point")


@pytest.mark.parametrize("text", ["", "robust", "point:0.5", "scenarios:", "scenarios:2", "reserve,,point"])
def test_what_is_no_setting_is_refused_with_what_may_stand_there(text: str) -> None:
    with pytest.raises(BadInput, match="--uncertainty"):
        settings_of(text)
