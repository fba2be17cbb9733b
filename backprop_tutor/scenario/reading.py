"""A parsed TOML document → `Scenario`, with everything that is wrong in it.

Imported only when a scenario is read: the schema brings pydantic along.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..cache import shared
from ..errors import Where
from ..formulas.notation import element_name, place_of
from .files import Found, load_array
from .names import (
    Fault,
    function_heading,
    look_alike,
    name_fault,
    normal_name,
    notation_fault,
    pattern_fault,
    quoted,
    text_fault,
)
from .toml_places import Path
from .types import (
    RULE_NAMES,
    Document,
    Draft,
    Equation,
    FunctionDefinition,
    Kind,
    Quantity,
    Report,
    RuleValue,
    Sample,
    Scenario,
    Source,
)
from .values import ValueReader

if TYPE_CHECKING:
    from .schema import StructureFault

_TABLES: Mapping[str, Kind] = MappingProxyType({"inputs": "input", "parameters": "parameter", "targets": "target"})


class Reader:
    """Reads one document; every fault goes to the report, and what is faulty is left out or stands as an unknown."""

    def __init__(self, document: Document, source: Source, found: Found) -> None:
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
        self.table_of = {name: path[0] for name, path in reversed(self.bindings)}
        patterns = self.document.get("elements", {})
        self.element_forms = {_form(normal_name(pattern)) for pattern in patterns.values()}
        self.doubtful: set[str] = set()

    def draft(self) -> Draft:
        """The scenario as far as it can be read, and all problems."""
        functions = self.functions()
        quantities = self.quantities()
        equations = self.equations(("equations",))
        self.bound_twice()
        samples, quantities = self.samples(quantities)
        learning = self.document.get("learning", {})
        loss, loss_where = self.loss(learning, equations)
        upstream, upstream_texts, upstream_shapes = self.upstream(learning)
        rate, rate_text, rate_assumed = self.rate(learning)
        shown = self.texts()
        read = {q.name for q in quantities} | {f.name for f in functions} | {e.name for e in equations}
        scenario = Scenario(
            name=self.found.name,
            path=self.found.path,
            title=shown.get("title") or self.found.name,
            document=shown.get("document"),
            about=shown.get("about", ""),
            quantities=quantities,
            functions=functions,
            equations=equations,
            samples=samples,
            over_samples=learning.get("over_samples", "mean"),
            loss=loss,
            loss_where=loss_where,
            upstream=MappingProxyType(upstream),
            upstream_texts=MappingProxyType(upstream_texts),
            upstream_shapes=MappingProxyType(upstream_shapes),
            rate=rate,
            rate_text=rate_text,
            rate_assumed=rate_assumed,
            update=self.update(),
            rule_values=self.rule_values(learning),
            steps=learning.get("steps", 1),
            elements=MappingProxyType(self.elements(quantities)),
            notation=MappingProxyType(self.notation()),
            source=self.source,
        )
        return Draft(scenario, self.report.sorted(), frozenset(self.doubtful | (set(self.table_of) - read)))

    # ------------------------------------------------------------------ what is bound
    def entries(self, table: str) -> Iterator[tuple[str, Path]]:
        """Every entry of a table as typed, faulty ones too: the normalised name and the path."""
        entries = self.whole.get(table)
        for key in entries if isinstance(entries, dict) else ():
            yield normal_name(key), (table, key)

    def _bindings(self) -> Iterator[tuple[str, Path]]:
        """Everything that binds a name."""
        for table in (*_TABLES, "equations"):
            yield from self.entries(table)
        for key, path in self.entries("functions"):
            heading = function_heading(key)
            if not isinstance(heading, Fault):
                yield heading[0], path

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

    # ------------------------------------------------------------------ quantities
    def quantities(self) -> tuple[Quantity, ...]:
        """Inputs, parameters and targets; one that can't be read stands as an unknown and is doubtful."""
        found = []
        for table, kind in _TABLES.items():
            if table not in self.document:  # absent, or faulty as a whole
                continue
            readable = self.document[table]
            for name, path in self.entries(table):
                if not self.check_name(name, path):
                    continue
                quantity = self.values.quantity(path, name, kind, readable[path[1]]) if path[1] in readable else None
                if quantity is None:
                    self.doubtful.add(name)
                    quantity = self.unknown(name, kind, path)
                self.check_text((*path, "assumed"), quantity.assumed)
                found.append(quantity)
        return tuple(found)

    def unknown(self, name: str, kind: Kind, path: Path, like: Quantity | None = None) -> Quantity:
        """A quantity without values, of the shape of another."""
        import numpy as np

        shape = like.shape if like else ()
        values = np.full(like.size if like else 1, np.nan)
        values.setflags(write=False)
        where, key_where = self.source.where(*path), self.source.where(*path, key=True)
        return Quantity(name, kind, shape, values, ("?",) * values.size, None, where, key_where)

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
                found.append(FunctionDefinition(*heading, _one_line(body), where, name_where))
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
                found.append(Equation(name, _one_line(text), where, self.source.where(*at, key=True)))
        return tuple(found)

    def formula(self, path: Path, text: str) -> bool:
        """Report a formula that has nothing in it, or characters that may not be shown."""
        if not text.strip():
            self.report.add(path, f"the formula of {quoted(str(path[-1]))} is empty", "empty", 'write it: "x1*w1 + b1"')
            return False
        return self.check_text(path, text, line_ends=True)

    # ------------------------------------------------------------------ samples
    def samples(self, quantities: tuple[Quantity, ...]) -> tuple[tuple[Sample, ...], tuple[Quantity, ...]]:
        """The samples, and the quantities with the shapes that the samples give to a bare "?"."""
        declared = {q.name: q for q in quantities if q.kind != "parameter"}
        varying: dict[str, None] = {}
        read: list[tuple[int, dict[str, Quantity]]] = []
        for number, table in enumerate(self.document.get("samples", [])):
            if table is None:
                continue
            values: dict[str, Quantity] = {}
            for key, raw in table.items():
                name, path = normal_name(key), ("samples", number, key)
                if name not in declared:
                    self.undeclared(name, path, declared)
                elif name in values:
                    said = f"{quoted(name)} is given twice in sample {number + 1}"
                    self.report.add(path, said, "again", "keep one of the two", key=True)
                elif quantity := self.values.quantity(path, name, declared[name].kind, raw):
                    values[name] = quantity
                    varying[name] = None
                    self.check_text((*path, "assumed"), quantity.assumed)
            read.append((number, values))
        for name in varying:
            self.same_shape(name, declared, read)
        samples = tuple(self.sample(number, values, varying, declared) for number, values in read)
        return samples, tuple(declared.get(q.name, q) for q in quantities)

    def undeclared(self, name: str, path: Path, declared: Mapping[str, Quantity]) -> None:
        """Report an entry of a sample that isn't an input or a target."""
        if self.table_of.get(name) == "parameters":
            said, help = f"{quoted(name)} is a parameter, the same in every sample", "make it an input"
        else:
            said = f"{quoted(name)} is neither in [inputs] nor in [targets]"
            help = self.report.near(name, declared) or 'declare it there with the value "?"'
        self.report.add(path, said, "not declared", help, key=True)

    def same_shape(self, name: str, declared: dict[str, Quantity], read: list[tuple[int, dict[str, Quantity]]]) -> None:
        """All samples give a quantity the same shape, the declared one unless that is a bare "?"."""
        model = declared[name]
        if name in self.doubtful:
            return
        if model.shape == () and not model.known:
            first = next(values[name] for _, values in read if name in values)
            model = declared[name] = self.unknown(name, model.kind, (f"{model.kind}s", name), first)
        for number, values in read:
            if name in values and values[name].shape != model.shape:
                said = f"{quoted(name)} is {_shape(values[name])} in sample {number + 1} and {_shape(model)} elsewhere"
                self.report.add(("samples", number, name), said, "another shape", "give it one shape everywhere")

    def sample(
        self, number: int, values: dict[str, Quantity], varying: Mapping[str, None], declared: Mapping[str, Quantity]
    ) -> Sample:
        """One sample with a value for everything that varies: its own, or the declared one."""
        typed = {normal_name(key) for key in self.whole["samples"][number]}
        complete = {}
        for name in varying:
            complete[name] = values.get(name, declared[name])
            if name not in typed and not declared[name].known and name not in self.doubtful:
                said = f"sample {number + 1} gives no value for {quoted(name)}"
                self.report.add(("samples", number), said, f"no {quoted(name)}", f"add a line to it: {name} = ...")
        return Sample(MappingProxyType(complete), self.source.where("samples", number))

    # ------------------------------------------------------------------ learning
    def loss(self, learning: Mapping[str, Any], equations: tuple[Equation, ...]) -> tuple[str | None, Where]:
        """The loss, which must be an equation; the last one unless an upstream gradient takes its place."""
        if "loss" in learning:
            name, path = normal_name(learning["loss"]), ("learning", "loss")
            if learning.get("upstream"):
                said = "there are a loss and an upstream gradient"
                self.report.add(
                    ("learning", "upstream"), said, "one too many", "keep one: both say where to start", key=True
                )
            if not self.is_equation(name):
                help = self.report.near(name, self.in_table("equations")) or "name one of the equations"
                self.report.add(path, f"the loss {quoted(name)} is none of the equations", "not an equation", help)
            return name, self.source.where(*path)
        if learning.get("upstream") or not equations:
            return None, self.source.where("learning", "upstream")
        return equations[-1].name, equations[-1].name_where

    def upstream(
        self, learning: Mapping[str, Any]
    ) -> tuple[dict[str, float], dict[str, str], dict[str, tuple[int, ...]]]:
        """The gradient that arrives at each output of a circuit without a loss, its digits as typed, and its shape."""
        gradients: dict[str, float] = {}
        texts: dict[str, str] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for key, value in learning.get("upstream", {}).items():
            name, path = normal_name(key), ("learning", "upstream", key)
            if not self.is_equation(name):
                help = self.report.near(name, self.in_table("equations")) or "name one of the equations"
                self.report.add(path, f"{quoted(name)} is none of the equations", "not an equation", help, key=True)
            if isinstance(value, list):
                given = self.values.quantity(path, name, "input", value)
                if given is not None and not given.known:
                    self.report.add(path, f"the gradient of {quoted(name)} is not known", "a number belongs here", "")
                if given is None or not given.known:
                    gradients[name] = 1.0  # reported: the rest is still checked as a circuit without a loss
                    continue
                shapes[name] = given.shape
                for place, number in enumerate(given.values.ravel().tolist()):
                    element = element_name(name, None, place_of(place, given.shape))
                    gradients[element] = number
                    texts[element] = given.texts[place] if given.texts else repr(number)
            else:
                gradients[name] = float(value)
                texts[name] = self.source.digits(path, value)
        return gradients, texts, shapes

    def rate(self, learning: Mapping[str, Any]) -> tuple[float | None, str | None, str | None]:
        """Value, digits as typed, and why it was assumed."""
        path: Path = ("learning", "rate")
        raw, assumed = learning.get("rate"), None
        if isinstance(raw, dict):
            assumed = raw.get("assumed")
            self.check_text((*path, "assumed"), assumed)
            raw, path = raw["value"], (*path, "value")
        if raw is None or raw == "?":
            return None, raw, assumed
        return float(raw), self.source.digits(path, raw), assumed

    def update(self) -> tuple[Equation, ...]:
        """The equations of [learning.update]; one of them says what becomes of a parameter, w."""
        path: Path = ("learning", "update")
        rules = tuple(rule for rule in self.equations(path) if self.rule_name(rule.name, (*path, rule.name), ("w",)))
        typed = self.whole.get("learning", {}).get("update", {}) if isinstance(self.whole.get("learning"), dict) else {}
        if typed and isinstance(typed, dict) and "w" not in typed:
            said = "[learning.update] doesn't say what becomes of a parameter, w"
            self.report.add(path, said, "no w", 'write w = "w - rate*g", w being every parameter and g its gradient')
        return rules

    def rule_values(self, learning: Mapping[str, Any]) -> tuple[RuleValue, ...]:
        """The numbers of [learning.values]."""
        found = []
        for key, value in learning.get("values", {}).items():
            name, path = normal_name(key), ("learning", "values", key)
            if not learning.get("update"):
                said = "[learning.values] has numbers for a rule, and there is none"
                self.report.add(path, said, "no rule", "write the rule under [learning.update]", key=True)
            elif self.rule_name(name, path):
                found.append(RuleValue(name, float(value), self.source.digits(path, value)))
        return tuple(found)

    def rule_name(self, name: str, path: Path, allowed: tuple[str, ...] = ()) -> bool:
        """Report a name of the update rule that has another meaning already."""
        if name in allowed:
            return True
        if name in RULE_NAMES:
            meaning = ("a parameter", "the gradient", "the learning rate", "the number of the step")
            said = f"{quoted(name)} is {meaning[RULE_NAMES.index(name)]} in a rule, so nothing else can have that name"
            self.report.add(path, said, "taken", "choose another name", key=True)
            return False
        if name in self.table_of:
            said = f"{quoted(name)} is in [{self.table_of[name]}] already"
            self.report.add(path, said, "taken", "a rule needs names of its own: choose another", key=True)
            return False
        return self.check_name(name, path)

    # ------------------------------------------------------------------ how things are shown
    def elements(self, quantities: tuple[Quantity, ...]) -> dict[str, str]:
        """The pattern of each array's element names. (Whether two elements share one shows when shapes are known.)"""
        shapes = {q.name: q.shape for q in quantities if q.name not in self.doubtful}
        patterns = {}
        for key, text in self.document.get("elements", {}).items():
            name, path, pattern = normal_name(key), ("elements", key), normal_name(text)
            if name not in self.table_of:
                self.undefined(name, path)
            elif self.no_fault(pattern_fault(pattern, len(shapes[name]) if name in shapes else None), path):
                patterns[name] = pattern
        return patterns

    def notation(self) -> dict[str, str]:
        """How names are typeset; each must be the name of something."""
        found = {}
        for key, text in self.document.get("notation", {}).items():
            name, path = normal_name(key), ("notation", key)
            if not {name, name.rstrip("'")} & self.table_of.keys() and not self.may_be_element(name):
                self.undefined(name, path)
            elif self.no_fault(notation_fault(text), path):
                found[name] = text
        return found

    def undefined(self, name: str, path: Path) -> None:
        """Report an entry of [elements] or [notation] that is about nothing."""
        help = self.report.near(name, self.table_of) or "leave the line out"
        self.report.add(path, f"[{path[0]}] names {quoted(name)}, which isn't defined", "not defined", help, key=True)

    def texts(self) -> dict[str, str]:
        """Title, document and about."""
        shown = {}
        for key in ("title", "document", "about"):
            text = self.document.get(key)
            if text is not None and self.check_text((key,), text, line_ends=key == "about"):
                shown[key] = text.strip()
        return shown

    def check_text(self, path: Path, text: str | None, *, line_ends: bool = False) -> bool:
        """Report a text that holds something a terminal would obey."""
        return self.no_fault(text_fault(text or "", line_ends=line_ends), path)


def _structure_faults(document: Document, found: Found) -> list[StructureFault]:
    """What the schema has against the document; of a file whose text is known to be in order, nothing.

    The schema brings pydantic along, which takes longer than all the rest of the reading.
    """
    schema = FilePath(__file__).with_name("schema.py").stat()  # another schema may find other faults
    told = f"{schema.st_size} {schema.st_mtime_ns} {found.text}"
    key = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
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
        if path and (path[0] in _TABLES or path[0] == "learning"):
            drop.add(path[: 3 if path[1:2] in (("upstream",), ("update",), ("values",)) else 2])
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


def _one_line(text: str) -> str:
    """A formula that was typed over several lines, on one."""
    return " ".join(text.split()) if "\n" in text else text


def _shape(quantity: Quantity) -> str:
    return f"an array of {' x '.join(map(str, quantity.shape))}" if quantity.shape else "a single number"
