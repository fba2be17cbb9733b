"""The locator finds every key and value of a TOML document, and what it finds is what tomllib reads."""

from __future__ import annotations

import string
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_tutor.scenario.toml_places import Path, Places, TooDeep, find_places


def leaves(node: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    """Every path of a parsed document whose value is written somewhere: all but tables made by headers or dots."""
    found: list[tuple[Path, Any]] = []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for part, child in children:
        if not isinstance(child, dict | list):
            found.append(((*path, part), child))
        found += leaves(child, (*path, part))
    return found


def assert_places_agree(text: str) -> Places:
    """Each value, read again from its own span, is the value that tomllib gives; each key likewise."""
    document = tomllib.loads(text)
    places = find_places(text)
    assert places.stopped is None
    assert places.repeats == []
    for path, value in leaves(document):
        raw = places.raw(path)
        assert raw is not None, path
        assert tomllib.loads(f"v = {raw}")["v"] == value, path
        for depth, part in enumerate(path, 1):
            key = places.key(path[:depth])
            if isinstance(part, int):
                assert key is None
            else:
                assert key is not None
                assert list(tomllib.loads(f"{text[key.start : key.end]} = 0")) == [part]
        span = places.value(path)
        assert span is not None
        assert places.line(span.line)[span.column - 1 :].startswith(raw.split("\n")[0].removesuffix("\r"))
    for path in places:  # nothing is found that isn't there
        node: Any = document
        for part in path:
            node = node[part]
    return places


# ---------------------------------------------------------------- random documents
_BLANK = st.sampled_from(["", " ", "\t", "  "])
_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\"'\\"), max_size=8)
_NEWLINE_GAP = st.sampled_from(["", " ", "\n", "\n  ", " # remark, ] } \" '\n", "\n# [x]\n\n"])
_SCALAR = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["+5", "1_000", "0xdead_BEEF", "0o17", "0b101", "-0", "inf", "-inf", "0.20", "6.02e+23", "1E-3"]),
    st.sampled_from(["true", "false", "1979-05-27", "07:32:00.5", "1979-05-27 07:32:00Z", "1979-05-27T07:32:00-08:00"]),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    _TEXT.map(lambda text: f'"{text}"'),
    _TEXT.map(lambda text: f"'{text}'"),
    _TEXT.map(lambda text: f'"{text}\\n\\"\\u00e9 # [=] {{"'),
    _TEXT.map(lambda text: f'"""{text}\n ""{text}\\""""""'),
    _TEXT.map(lambda text: f"'''\n{text}''\\ ]'''''"),
)


@st.composite
def _value(draw: st.DrawFn, keys: st.SearchStrategy[str], depth: int = 3) -> str:
    kind = draw(st.sampled_from(["scalar", "scalar", "array", "table"])) if depth else "scalar"
    if kind == "scalar":
        return draw(_SCALAR)
    items = draw(st.integers(0, 4))
    if kind == "array":
        text = "".join(
            draw(_NEWLINE_GAP) + draw(_value(keys, depth - 1)) + draw(_NEWLINE_GAP) + ("," if i < items - 1 else "")
            for i in range(items)
        )
        return f"[{text}{',' if items and draw(st.booleans()) else ''}{draw(_NEWLINE_GAP)}]"
    pairs = [f"{draw(_BLANK)}{draw(keys)}{draw(_BLANK)}= {draw(_value(keys, depth - 1))}" for _ in range(items)]
    return "{" + ",".join(pairs) + draw(_BLANK) + "}"


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A valid TOML document in every spelling: dotted and quoted keys, remarks, nested arrays, CRLF."""
    count = 0

    @st.composite
    def fresh_key(draw: st.DrawFn) -> str:
        nonlocal count
        count += 1
        name = f"{draw(st.text(string.ascii_letters + string.digits + '_-', max_size=3))}{count}"
        awkward = draw(_TEXT)
        return draw(st.sampled_from([name, name, f'"{awkward}{count}"', f"'{awkward}{count}'", f'"\\u0061{count}"']))

    @st.composite
    def keys(draw: st.DrawFn) -> str:
        parts = [draw(fresh_key()) for _ in range(draw(st.integers(1, 3)))]
        return f"{draw(_BLANK)}.{draw(_BLANK)}".join(parts)

    lines: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["pair", "pair", "table", "tables", "remark"]))
        if kind == "remark":
            lines.append(draw(st.sampled_from(["", "# a = [", "\t# '''"])))
        elif kind == "pair":
            lines.append(f"{draw(_BLANK)}{draw(keys())} = {draw(_value(keys()))}{draw(st.sampled_from(['', ' # r']))}")
        elif kind == "table":
            lines.append(f"[{draw(_BLANK)}{draw(keys())}{draw(_BLANK)}]")
        else:
            name, inner, shared = draw(keys()), draw(fresh_key()), draw(fresh_key())
            for _ in range(draw(st.integers(1, 3))):
                lines += [f"[[{name}]] # one", f"{shared} = {draw(_SCALAR)}", f"[{name}.{inner}]", f"{shared} = 1"]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@given(documents())
def test_every_value_stands_at_its_span(text: str) -> None:
    assert_places_agree(text)


@given(st.text("ab.=[]{},\"'\n #1-\\", max_size=30))
def test_what_tomllib_reads_is_scanned_whole(text: str) -> None:
    """The scanner takes more than TOML, never less: where it stops, tomllib has an error too."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        find_places(text)
    else:
        assert_places_agree(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a remark",
        "a = 1",
        "a.b.c = 1\na.b.d = 2\n[a.e]\nf = 3",
        "'' = 1\n\"a.b\" = 2",
        "3.14159 = 'pi'",
        "x = [[1, 2], [3, [4.50]], [],]",
        "x = { a = { b = [ { c = '}' } ] }, d.e = ']' }",
        'x = """""two quotes"""""',
        "x = ''''quoted''''",
        'x = """\\\n   joined"""',
        "x = '''\n'''\ny = \"\"\"\"\"\"",
        "d = 1979-05-27 07:32:00 # a blank inside\nl = [1979-05-27 07:32:00.9, 07:32:00]",
        "[[a]]\n[[a.b]]\nc = 1\n[[a.b]]\nc = 2\n[[a]]\n[[a.b]]\nc = 3",
        "[a.b.c]\nx = 1\n[a]\ny = 2",
        "a = 1\r\n[t]\r\nb = [\r\n1,\r\n2\r\n]\r\n",
    ],
)
def test_awkward_documents(text: str) -> None:
    assert_places_agree(text)


def test_digits_are_kept_as_typed() -> None:
    places = find_places("[parameters]\nW1 = [[0.20, 1_000],\n      [-3e-1, +.5]]")
    assert places.raw(("parameters", "W1", 0, 0)) == "0.20"
    assert places.raw(("parameters", "W1", 1, 0)) == "-3e-1"
    span = places.value(("parameters", "W1", 1, 0))
    assert span is not None
    assert (span.line, span.column, span.length) == (3, 8, 5)


def test_columns_count_characters_and_lines_end_before_crlf() -> None:
    places = find_places("'ŷ' = 1\r\n\"σ\" = '∂'\r\n")
    span = places.value(("σ",))
    assert span is not None
    assert (span.line, span.column, places.line(2)) == (2, 7, "\"σ\" = '∂'")


def test_a_place_for_what_is_absent() -> None:
    places = find_places("[learning]\nrate = 0.5")
    nearest = places.nearest(("learning", "loss"))
    assert nearest is not None
    assert (nearest.line, nearest.column, nearest.length) == (1, 1, 10)
    assert places.nearest(("notation", "a")) is None
    assert ("learning", "rate") in places
    assert ("learning", "loss") not in places


def test_a_key_given_twice_is_found_with_both_places() -> None:
    places = find_places("[a]\nx = 1\ny = 2\nx = 3\n[a]\n")
    lines = [(path, first.line, again.line) for path, first, again in places.repeats]
    assert lines == [(("a", "x"), 2, 4), (("a",), 1, 5)]


def test_a_broken_document_gives_the_places_before_the_break() -> None:
    places = find_places("a = 1\nb = = 2\nc = 3")
    assert places.stopped is not None
    assert (places.stopped.line, places.stopped.column) == (2, 5)
    assert list(places) == [("a",)]


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 101,
        "x" + ".a" * 100 + " = 1",
        "[x" + ".a" * 100 + "]",
        "x = " + "{a=" * 101,
        "x = " + "[{a=" * 51,
    ],
)
def test_depth_is_limited(text: str) -> None:
    with pytest.raises(TooDeep, match="nested deeper than 100 levels"):
        find_places(text)


def test_a_long_dotted_key_does_not_take_long() -> None:
    """tomllib's own time for it grows with the square of its length: it must never see it."""
    with pytest.raises(TooDeep) as caught:
        find_places("x" + ".a" * 500_000 + " = 1", max_depth=16)
    assert (caught.value.span.line, caught.value.span.column) == (1, 33)
