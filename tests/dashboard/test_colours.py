"""Colours: every kind has one, and it stands out from the panel in light and in dark."""

import re
from importlib.resources import files
from typing import get_args

import pytest

from energy.region.model import Asset

CONTRAST_MIN = 3.0
"""WCAG 2.2, 1.4.11: graphics that carry meaning."""
TEXT_CONTRAST_MIN = 4.5
"""WCAG 2.2, 1.4.3: text."""
CSS = (files("dashboard") / "static" / "page.css").read_text(encoding="utf-8")
KINDS = sorted(
    get_args(member.__dataclass_fields__["kind"].type)[0] for member in get_args(get_args(Asset)[0])
)


def palettes():
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
    colours = [dict(re.findall(r"--(\w+(?:-\w+)*): (#[0-9a-f]{6})", block)) for block in (light, dark)]
    return [("light", colours[0]), ("dark", colours[0] | colours[1])]


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("name", "palette"), palettes(), ids=["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_colour_that_stands_out(kind, name, palette):
    assert f".kind-{kind} {{" in CSS
    assert contrast(palette[kind], palette["panel"]) >= CONTRAST_MIN, name


@pytest.mark.parametrize(("name", "palette"), palettes(), ids=["light", "dark"])
@pytest.mark.parametrize("ink", ["text", "soft", "faint", "aged", "alarm", "warning", "accent"])
def test_every_ink_can_be_read(ink, name, palette):
    assert contrast(palette[ink], palette["panel"]) >= TEXT_CONTRAST_MIN, name
