"""What a scenario file binds: names with their tables, functions and equations; and the faults in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..cache import fingerprint, shared
from ..errors import Where
from .files import Found, load_array
from .names import Fault, function_heading, look_alike, name_fault, normal_name, quoted, text_fault
from .toml_places import Path
from .types import Document, Equation, FunctionDefinition, Kind, Report, Source
from .values import ValueReader

if TYPE_CHECKING:
    from .schema import StructureFault

TABLES: Mapping[str, Kind] = MappingProxyType(
    {"inputs": "input", "constants": "input", "parameters": "parameter", "targets": "target"}
)


class BindingReader:
    """Reads what a document binds; every fault goes to the report, and what is faulty is left out."""

    def __init__(self, document: Document, source: Source, found: Found, lost: Sequence[tuple[str, str]] = ()) -> None:
        """`lost` are tables and names of entries that are no TOML: nothing is told of what needs them."""
        self.found = found
        self.source = source
        self.report = Report(source)
        faults = _structure_faults(document, found)
        for fault in faults:
            self.report.add(fault.path, fault.message, fault.label, fault.help, key=fault.on_key)
        self.whole = document
        self.document = _without(document, [fault.path for fault in faults])
        folder = None if found.path is None else FilePath(found.path).parent
        self.values = ValueReader(self.report, lambda file, key: load_array(folder, file, key))
        self.bindings = list(self._bindings())
        self.table_of = {name: table for table, name in lost}
        self.table_of |= {name: str(path[0]) for name, path in reversed(self.bindings)}
        patterns = self.document.get("elements", {})
        self.element_forms = {_form(normal_name(pattern)) for pattern in patterns.values()}
        self.doubtful: set[str] = set()

    # ------------------------------------------------------------------ what is bound
    def entries(self, table: str) -> Iterator[tuple[str, Path]]:
        """Every entry of a table as typed, faulty ones too: the normalised name and the path."""
        entries = self.whole.get(table)
        for key in entries if isinstance(entries, dict) else ():
            yield normal_name(key), (table, key)

    def _bindings(self) -> Iterator[tuple[str, Path]]:
        """Everything that binds a name; what no table declares of the samples is bound where it comes first."""
        bound = set()
        for table in (*TABLES, "equations"):
            for name, path in self.entries(table):
                bound.add(name)
                yield name, path
        for key, path in self.entries("functions"):
            heading = function_heading(key)
            if not isinstance(heading, Fault):
                yield heading[0], path
        samples = self.whole.get("samples")
        for number, sample in enumerate(samples if isinstance(samples, list) else ()):
            for key in sample if isinstance(sample, dict) else ():
                if (name := normal_name(key)) not in bound:
                    bound.add(name)
                    yield name, ("samples", number, key)

    def bound_twice(self) -> None:
        """A name has one meaning in a file; names that look the same count as the same."""
        first: dict[str, tuple[str, Where]] = {}
        places = [(self.source.where(*path, key=True), name, path) for name, path in self.bindings]
        places.sort(key=lambda place: (place[0].line or 0, place[0].column or 0))
        for where, name, path in places:
            other, there = first.setdefault(look_alike(name), (name, where))
            if there is where:
                continue
            place = f"[{self.table_of[other]}], line {there.line}"
            said = f"is bound twice; first in {place}" if other == name else f"looks like {quoted(other)} of {place}"
            self.report.add(path, f"{quoted(name)} {said}", "taken", "give one of the two another name", key=True)

    def check_name(self, name: str, path: Path) -> bool:
        """Report what is wrong with a bound name."""
        return self.no_fault(name_fault(name), path, key=True)

    def no_fault(self, fault: Fault | None, path: Path, *, key: bool = False) -> bool:
        """Whether there is no fault; reports it if there is."""
        if fault:
            self.report.add(path, fault.message, fault.label, fault.help, key=key)
        return fault is None

    def may_be_element(self, name: str) -> bool:
        """Whether the name may turn out to be an element of an array, once shapes are known."""
        array, bracket, _ = name.partition("[")
        return array in self.table_of if bracket else _form(name) in self.element_forms

    def is_equation(self, name: str) -> bool:
        """Whether the name is an equation's, or may be that of an element."""
        return self.table_of.get(name) == "equations" or (name not in self.table_of and self.may_be_element(name))

    def in_table(self, *tables: str) -> list[str]:
        """The names that some tables bind."""
        return [name for name, table in self.table_of.items() if table in tables]

    # ------------------------------------------------------------------ functions and equations
    def functions(self) -> tuple[FunctionDefinition, ...]:
        """The document's own functions."""
        found = []
        for key, body in self.document.get("functions", {}).items():
            path = ("functions", key)
            heading = function_heading(key)
            if isinstance(heading, Fault):
                self.no_fault(heading, path, key=True)
            elif self.formula(path, body):
                where = self.source.formula_where(*path, value=body)
                name_where = self.source.where(*path, key=True)
                found.append(FunctionDefinition(*heading, one_line(body), where, name_where))
        return tuple(found)

    def equations(self, path: Path) -> tuple[Equation, ...]:
        """The formulas of [equations] or [learning.update]."""
        table = self.document
        for part in path:
            table = table.get(str(part), {})
        found = []
        for key, text in table.items():
            at, name = (*path, key), normal_name(key)
            if self.formula(at, text) and (path != ("equations",) or self.check_name(name, at)):
                where = self.source.formula_where(*at, value=text)
                found.append(Equation(name, one_line(text), where, self.source.where(*at, key=True)))
        return tuple(found)

    def formula(self, path: Path, text: str) -> bool:
        """Report a formula that has nothing in it, or characters that may not be shown."""
        if not text.strip():
            self.report.add(path, f"the formula of {quoted(str(path[-1]))} is empty", "empty", 'write it: "x1*w1 + b1"')
            return False
        return self.check_text(path, text, line_ends=True)

    def check_text(self, path: Path, text: str | None, *, line_ends: bool = False) -> bool:
        """Report a text that holds something a terminal would obey."""
        return self.no_fault(text_fault(text or "", line_ends=line_ends), path)


def _structure_faults(document: Document, found: Found) -> list[StructureFault]:
    """What the schema has against the document; of a file whose text is known to be in order, nothing.

    The schema brings pydantic along, which takes longer than all the rest of the reading.
    """
    schema = FilePath(__file__).with_name("schema.py").stat()  # another schema may find other faults
    told = f"{schema.st_size} {schema.st_mtime_ns} {found.text}"
    key = fingerprint(told)
    if found.path is not None and shared().get("scenario", key) is not None:
        return []
    from .schema import structure_faults

    faults = structure_faults(document)
    if not faults and found.path is not None:
        shared().put("scenario", key, "in order")
    return faults


def _without(document: Document, faulty: list[Path]) -> Document:
    """A copy of the document without the faulty entries, so that the rest can be read; a faulty sample is None."""
    drop = set(faulty)
    for path in faulty:  # a fault inside a value spoils the whole value
        if path and (path[0] in TABLES or path[0] == "learning"):
            drop.add(path[: 3 if path[1:2] in (("upstream",), ("update",), ("values",), ("rates",)) else 2])
        elif path and path[0] == "samples":
            drop.add(path[:3])

    def kept(node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            return {key: kept(item, (*path, key)) for key, item in node.items() if (*path, key) not in drop}
        if isinstance(node, list) and path == ("samples",):
            return [None if (*path, index) in drop else kept(item, (*path, index)) for index, item in enumerate(node)]
        return node

    return {key: kept(item, (key,)) for key, item in document.items() if (key,) not in drop}


def _form(text: str) -> str:
    """A name or an element pattern with every index (and the digits beside it) as one mark: `w_2{i}{j}` → `w_#`."""
    return re.sub(r"(\d|\{[ijk]\})+", "#", text)


def one_line(text: str) -> str:
    """A formula that was typed over several lines, on one."""
    return " ".join(text.split()) if "\n" in text else text
