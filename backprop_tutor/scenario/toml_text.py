"""Text → TOML document and the places of its entries; what is no TOML is for `toml_faults.py` to explain."""

from __future__ import annotations

import tomllib
from typing import Any, NamedTuple

from ..errors import Problem
from .toml_places import Places, TooDeep, find_places
from .types import MAX_NESTING, Document, Source


class Parsed(NamedTuple):
    """A document and its places, and what is wrong with its text.

    Of a text that is no TOML, `document` is what is left of it without its faulty lines, where these are entries of
    tables that bind names: `lost` has these names with their tables. Else it is None.
    """

    document: Document | None
    source: Source
    problems: tuple[Problem, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()


def parse_document(text: str, file: str | None) -> Parsed:
    """The parsed document and its places, with every fault of the text."""
    try:
        source = Source(text, file, find_places(text, MAX_NESTING))
    except TooDeep as error:
        source = Source(text, file, Places(text))
        said = f"tables or arrays are nested deeper than {error.limit} levels"
        deep = Problem(said, source.at(error.span), "too deep", "a scenario needs no more than five")
        return Parsed(None, source, (deep,))
    try:
        return Parsed(tomllib.loads(text), source)
    except ValueError as error:  # TOMLDecodeError; plain for more digits than Python converts
        from .toml_faults import explained  # a table of causes, which a right file does without

        problems, mended, document, lost = explained(source, str(error))
        return Parsed(document, mended or source, problems, lost)


def parsed_value(text: str) -> Any:
    """The value that the text spells in TOML; ValueError when it spells none, or more than one."""
    find_places(f"v = {text}", MAX_NESTING)
    document = tomllib.loads(f"v = {text}")
    if list(document) != ["v"]:
        raise ValueError("more than one value")
    return document["v"]
