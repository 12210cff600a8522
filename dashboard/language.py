"""What people read: one catalogue a language, numbers and moments written the language's way."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent

from energy.region.asset import Name

LANGUAGES = ("de", "en")
DEFAULT_LANGUAGE = "de"
DAY_PATTERNS = {"de": "EEEE, d. MMMM yyyy", "en": "EEEE, d MMMM yyyy"}
CHART_FAMILY = "chart."
KIND_FAMILY = "kind."
LOCALES = {"de": "de_DE", "en": "en_GB"}
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
NOTHING = "–"
AGE_UNITS = ((120.0, 1.0, "age.s"), (7200.0, 60.0, "age.min"), (172_800.0, 3600.0, "age.h"))
"""Below which age in seconds it is written in which unit; from two days on in days."""
S_PER_DAY = 86_400.0


def catalogue(language: str) -> dict[str, str]:
    """Read a language's texts.

    Raises:
        KeyError: there is no such language.
    """
    if language not in LANGUAGES:
        raise KeyError(language)
    text = (files("dashboard") / "languages" / f"{language}.json").read_text(encoding="utf-8")
    texts: dict[str, str] = json.loads(text)
    return texts


def placeholders(text: str) -> frozenset[str]:
    """Name what a text leaves open.

    >>> sorted(placeholders("since {time}, {n} assets"))
    ['n', 'time']
    """
    return frozenset(PLACEHOLDER.findall(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language's words for one region's clock."""

    language: str
    texts: Mapping[str, str]
    locale: Locale
    zone: ZoneInfo

    @classmethod
    def of(cls, language: str, zone: ZoneInfo) -> "Words":
        """Make the words of a language.

        Raises:
            KeyError: there is no such language.
        """
        return cls(
            language=language,
            texts=catalogue(language),
            locale=Locale.parse(LOCALES[language]),
            zone=zone,
        )

    def text(self, key: str, **values: object) -> str:
        """Give a text with its placeholders filled.

        Raises:
            KeyError: the catalogue has no such text.
        """
        return self.texts[key].format(**values)

    def code(self, family: str, code: str) -> str:
        """Translate a code; one that nobody translated yet is shown as it is."""
        return self.texts.get(f"{family}.{code}", code)

    def knows(self, key: str) -> bool:
        """Tell whether there is a text of this key."""
        return key in self.texts

    @property
    def day_pattern(self) -> str:
        """How a day is written out."""
        return DAY_PATTERNS[self.language]

    def chart_words(self) -> dict[str, str]:
        """Give the texts that the charts' script needs: its own, without family, and the kinds' names."""
        return {
            key.removeprefix(CHART_FAMILY): text
            for key, text in self.texts.items()
            if key.startswith((CHART_FAMILY, KIND_FAMILY))
        }

    def name(self, name: Name) -> str:
        """Give a name of the region file in this language."""
        return name.de if self.language == "de" else name.en

    def number(self, value: float | None) -> str:
        """Write a magnitude as a meter can know it: 12.345 or 87, 3,2 below ten, 0,21 below one."""
        if value is None:
            return NOTHING
        size = abs(round(value, 2))
        digits = "#,##0" if size >= 10.0 or size == 0.0 else "#,##0.0" if size >= 1.0 else "#,##0.00"
        return format_decimal(size, format=digits, locale=self.locale)

    def power(self, power_kw: float | None) -> str:
        """Write the magnitude of a power."""
        return NOTHING if power_kw is None else f"{self.number(power_kw)} kW"

    def energy(self, energy_kwh: float | None) -> str:
        """Write the magnitude of an energy."""
        return NOTHING if energy_kwh is None else f"{self.number(energy_kwh)} kWh"

    def volume(self, volume_m3: float | None) -> str:
        """Write a volume of water."""
        return NOTHING if volume_m3 is None else f"{self.number(volume_m3)} m³"

    def temperature(self, temperature_c: float) -> str:
        """Write a temperature; frost has a word instead of a sign."""
        degrees = f"{self.number(temperature_c)} °C"
        return self.text("temperature.frost", degrees=degrees) if round(temperature_c, 1) < 0.0 else degrees

    def money(self, cost_eur: float) -> str:
        """Write the magnitude of an amount."""
        return f"{self.number(cost_eur)} €"

    def fraction(self, value: float | None) -> str:
        """Write a fraction as a percentage, which is what people read."""
        return NOTHING if value is None else format_percent(value, locale=self.locale)

    def share(self, value: float | None) -> str:
        """Write a fraction to a tenth of a percent."""
        return NOTHING if value is None else format_percent(value, format="#,##0.0 %", locale=self.locale)

    def small_share(self, value: float) -> str:
        """Write a fraction far below a percent as one, to what a solver's gap is told in."""
        return format_percent(value, format="#,##0.#### %", locale=self.locale)

    def count(self, value: int) -> str:
        """Write a whole number."""
        return format_decimal(value, format="#,##0", locale=self.locale)

    def plain(self, value: float) -> str:
        """Write a plain number, for example a speed."""
        return format_decimal(value, format="#,##0.##", locale=self.locale)

    def moment(self, moment: datetime | None, pattern: str = "HH:mm:ss") -> str:
        """Write a moment in the region's local time."""
        if moment is None:
            return NOTHING
        return format_datetime(moment, pattern, tzinfo=self.zone, locale=self.locale)

    def age(self, age_s: float | None) -> str:
        """Write an age, coarser the older it is."""
        if age_s is None:
            return self.text("age.never")
        for below_s, unit_s, key in AGE_UNITS:
            if age_s < below_s:
                return self.text(key, n=self.plain(round(max(0.0, age_s) / unit_s)))
        return self.text("age.d", n=self.plain(round(age_s / S_PER_DAY)))
