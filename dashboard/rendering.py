"""Puts the picture into a language's HTML: a whole page, or the parts of it that change."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboard import phrases
from dashboard.balance import Group
from dashboard.language import LANGUAGES, Words
from dashboard.picture import Picture
from energy.domain import Rung

FRAGMENTS = ("masthead", "notices", "controller", "alarms", "balance", "assets", "footing")
"""The parts of the page that change, each a template of its name and an element of its id."""


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

    def fragments(self, picture: Picture, language: str) -> dict[str, str]:
        """Render each part that changes, by its element's id."""
        return {name: self._render(f"{name}.html", picture, language) for name in FRAGMENTS}

    def _render(self, template: str, picture: Picture, language: str) -> str:
        context: dict[str, Any] = {
            "p": picture,
            "w": self.words[language],
            "say": phrases,
            "fragments": FRAGMENTS,
            "rungs": list(Rung),
            "groups": list(Group),
            "languages": list(self.words.values()),
            "static_root": self.static_root,
        }
        return self.environment.get_template(template).render(context)
