"""The glossary holds every noun that the rooms share."""

import enum
import inspect
import json
import re
from pathlib import Path

import pytest

from energy import domain, ports
from energy.domain import Point
from tools.write_schemas import schemas

GLOSSARY = Path(__file__).parent.parent.parent / "docs" / "glossary.md"


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Every word that stands as an identifier in the glossary."""
    marked = re.findall(r"`([^`]+)`", GLOSSARY.read_text(encoding="utf-8"))
    return {word for mark in marked for word in re.findall(r"\w+", mark)}


def test_it_holds_every_class_of_the_shared_nouns_and_ports(words: set[str]) -> None:
    classes = {
        name
        for module in (domain, ports)
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    }
    assert len(classes) > 30
    assert not classes - words


def test_it_holds_every_choice_of_every_enumeration(words: set[str]) -> None:
    choices = {
        str(member)
        for value in vars(domain).values()
        if inspect.isclass(value) and issubclass(value, enum.StrEnum) and value is not enum.StrEnum
        for member in value
    }
    assert {str(point) for point in Point} <= choices
    assert not choices - words


def test_it_holds_every_key_and_kind_of_a_region_file(words: set[str]) -> None:
    schema = json.loads(schemas()["region.schema.json"])
    definitions = [schema, *schema["$defs"].values()]
    keys = {key for definition in definitions for key in definition.get("properties", {})}
    kinds = set(schema["properties"]["assets"]["items"]["discriminator"]["mapping"])
    assert len(keys) > 50
    assert not (keys | kinds) - words
