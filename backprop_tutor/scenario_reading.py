"""A parsed TOML document → `Scenario`, with everything that is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from .errors import Problem, Where, did_you_mean
from .scenario_files import Found, load_array
from .scenario_names import (
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
from .scenario_types import Document, Draft, Equation, FunctionDefinition, Kind, Quantity, Report, Sample, Scenario, Source
from .scenario_values import ValueReader
from .schema import structure_faults
from .toml_places import Path

_TABLES: Mapping[str, Kind] = MappingProxyType({"inputs": "input", "parameters": "parameter", "targets": "target"})


class Reader:
    """Reads one document; every fault goes to the report, and what is faulty is left out or stands as an unknown."""

    def __init__(self, document: Document, source: Source, found: Found) -> None:
        self.found = found
        self.source = source
        self.report = Report(source)
        self.whole = document
        self.doubtful: set[str] = set()
        faults = structure_faults(document)
        for fault in faults:
            self.report.add(fault.path, fault.message, fault.label, fault.help, key=fault.on_key)
        self.document = _without(document, [fault.path for fault in faults])
        folder = None if found.path is None else FilePath(found.path).parent
        self.values = ValueReader(self.report, lambda file, key: load_array(folder, file, key))

    def draft(self) -> Draft:
        functions = self.functions()
        quantities = self.quantities()
        equations = self.equations(("equations",))
        self.bound_twice()
        samples, quantities = self.samples(quantities)
        learning = self.document.get("learning", {})
        loss, loss_where = self.loss(learning, equations)
        upstream, upstream_texts = self.upstream(learning)
        rate, rate_text, rate_assumed = self.rate(learning)
        update = self.update(quantities)
        elements = self.elements(quantities)
        notation = self.notation(elements)
        shown = self.texts()
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
            rate=rate,
            rate_text=rate_text,
            rate_assumed=rate_assumed,
            update=update,
            notation=MappingProxyType(notation),
            elements=MappingProxyType(elements),
            source=self.source,
        )
        return Draft(scenario, self.report.sorted(), frozenset(self.doubtful))

    # ------------------------------------------------------------------ what is bound
    def entries(self, table: str) -> Iterator[tuple[str, Path]]:
        """Every entry of a table as typed, faulty ones too: the normalised name and the path."""
        entries = self.whole.get(table)
        for key in entries if isinstance(entries, dict) else ():
            yield normal_name(key), (table, key)

    def names(self) -> Iterator[tuple[str, Path]]:
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
        places = [(self.source.where(*path, key=True), name, path) for name, path in self.names()]
        places.sort(key=lambda place: (place[0].line or 0, place[0].column or 0))
        for where, name, path in places:
            other, there = first.setdefault(look_alike(name), (name, where))
            if there is where:
                continue
            if other == name:
                said = f"{quoted(name)} is bound twice; first in [{_table(there)}], line {there.line}"
            else:
                said = f"{quoted(name)} looks like {quoted(other)}, bound in [{_table(there)}], line {there.line}"
            self.report.add(path, said, "bound again", "give one of the two another name", key=True)

    def check_name(self, name: str, path: Path) -> bool:
        """Report what is wrong with a bound name."""
        if fault := name_fault(name):
            self.report.add(path, fault.message, fault.label, fault.help, key=True)
        return fault is None

    # ------------------------------------------------------------------ quantities
    def quantities(self) -> tuple[Quantity, ...]:
        """Inputs, parameters and targets; one that can't be read stands as an unknown and is doubtful."""
        found = []
        for table, kind in _TABLES.items():
            readable = self.document.get(table, {})
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
        found = []
        for key, body in self.document.get("functions", {}).items():
            path = ("functions", key)
            heading = function_heading(key)
            if isinstance(heading, Fault):
                self.report.add(path, heading.message, heading.label, heading.help, key=True)
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
        tables = self.document.get("samples", [])
        declared = {q.name: q for q in quantities if q.kind != "parameter"}
        varying: dict[str, None] = {}
        read: list[dict[str, Quantity]] = []
        for number, table in enumerate(tables):
            values: dict[str, Quantity] = {}
            for key, raw in table.items():
                name, path = normal_name(key), ("samples", number, key)
                if name not in declared:
                    self.undeclared(name, path, declared)
                elif name in values:
                    self.report.add(
                        path, f"{quoted(name)} is given twice in sample {number + 1}", "again", "keep one", key=True
                    )
                elif quantity := self.values.quantity(path, name, declared[name].kind, raw):
                    values[name] = quantity
                    varying[name] = None
                    self.check_text((*path, "assumed"), quantity.assumed)
            read.append(values)
        for name in varying:
            self.same_shape(name, declared, read)
        samples = tuple(self.sample(number, values, varying, declared) for number, values in enumerate(read))
        return samples, tuple(declared.get(q.name, q) for q in quantities)

    def undeclared(self, name: str, path: Path, declared: Mapping[str, Quantity]) -> None:
        if any(name == bound and at[0] == "parameters" for bound, at in self.names()):
            said, help = f"{quoted(name)} is a parameter, the same in every sample", "make it an input"
        else:
            said = f"{quoted(name)} is neither in [inputs] nor in [targets]"
            help = did_you_mean(name, declared) or f'declare it there: {name if name.isalnum() else "x1"} = "?"'
        self.report.add(path, said, "not declared", help, key=True)

    def same_shape(self, name: str, declared: dict[str, Quantity], read: list[dict[str, Quantity]]) -> None:
        """All samples give a quantity the same shape, the declared one unless that is a bare "?"."""
        model = declared[name]
        if name in self.doubtful:
            return
        if model.shape == () and not model.known:
            first = next(values[name] for values in read if name in values)
            model = declared[name] = self.unknown(name, model.kind, (f"{model.kind}s", model.name), first)
        for number, values in enumerate(read):
            if name in values and values[name].shape != model.shape:
                said = f"{quoted(name)} is {_shape(values[name])} in sample {number + 1} and {_shape(model)} elsewhere"
                self.report.add(("samples", number, name), said, "another shape", "give it one shape everywhere")

    def sample(
        self, number: int, values: dict[str, Quantity], varying: Mapping[str, None], declared: Mapping[str, Quantity]
    ) -> Sample:
        """One sample with a value for everything that varies: its own, or the declared one."""
        complete = {}
        for name in varying:
            if name in values:
                complete[name] = values[name]
                continue
            complete[name] = declared[name]
            if not declared[name].known and name not in self.doubtful:
                said = f"sample {number + 1} gives no value for {quoted(name)}"
                self.report.add(("samples", number), said, f"no {quoted(name)}", f"add a line {name} = ... to it")
        return Sample(MappingProxyType(complete), self.source.where("samples", number))

    # ------------------------------------------------------------------ learning
    def loss(self, learning: Mapping[str, Any], equations: tuple[Equation, ...]) -> tuple[str | None, Where]:
        """The loss, which must be an equation; the last one unless an upstream gradient takes its place."""
        path = ("learning", "loss")
        if "loss" in learning:
            name = normal_name(learning["loss"])
            if "upstream" in learning:
                said = "there is a loss and an upstream gradient"
                self.report.add(
                    ("learning", "upstream"), said, "one too many", "keep one: both say where to start", key=True
                )
            bound = [name for name, _ in self.entries("equations")]
            if name not in bound and not self.may_be_element(name, bound):
                said = f"the loss {quoted(name)} is none of the equations"
                help = did_you_mean(name, bound) or "name one of the equations"
                self.report.add(path, said, "not an equation", help)
            return name, self.source.where(*path)
        if learning.get("upstream") or not equations:
            return None, self.source.where("learning", "upstream")
        return equations[-1].name, equations[-1].name_where

    def upstream(self, learning: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
        """The gradient that arrives at each output of a circuit without a loss."""
        bound = [name for name, _ in self.entries("equations")]
        gradients: dict[str, float] = {}
        texts: dict[str, str] = {}
        for key, value in learning.get("upstream", {}).items():
            name, path = normal_name(key), ("learning", "upstream", key)
            if name not in bound and not self.may_be_element(name, bound):
                help = did_you_mean(name, bound) or "name one of the equations"
                self.report.add(path, f"{quoted(name)} is none of the equations", "not an equation", help, key=True)
            gradients[name] = float(value)
            texts[name] = self.source.places.raw(path) or repr(value)
        return gradients, texts

    def rate(self, learning: Mapping[str, Any]) -> tuple[float | None, str | None, str | None]:
        """Value, digits as typed, and why it was assumed."""
        path: Path = ("learning", "rate")
        raw, assumed = learning.get("rate"), None
        if isinstance(raw, dict):
            raw, path, assumed = raw["value"], (*path, "value"), raw.get("assumed")
            self.check_text(("learning", "rate", "assumed"), assumed)
        if raw is None or raw == "?":
            return None, raw, assumed
        return float(raw), self.source.places.raw(path) or repr(raw), assumed

    def update(self, quantities: tuple[Quantity, ...]) -> tuple[Equation, ...]:
        """Each rule of [learning.update] belongs to a parameter."""
        rules = self.equations(("learning", "update"))
        parameters = [q.name for q in quantities if q.kind == "parameter"]
        for rule in rules:
            if rule.name not in parameters and not self.may_be_element(rule.name, parameters):
                said = f"[learning.update] has a rule for {quoted(rule.name)}, which is no parameter"
                help = did_you_mean(rule.name, parameters) or "name a parameter"
                self.report.found.append(Problem(said, rule.name_where, "no parameter", help))
        return rules

    # ------------------------------------------------------------------ how things are shown
    def elements(self, quantities: tuple[Quantity, ...]) -> dict[str, str]:
        """The pattern of each array's element names. (Whether two elements get one name shows when shapes are known.)"""
        shapes = {q.name: q.shape for q in quantities if q.name not in self.doubtful}
        bound = dict(self.names())
        patterns = {}
        for key, pattern in self.document.get("elements", {}).items():
            name, path = normal_name(key), ("elements", key)
            if name not in bound:
                help = did_you_mean(name, bound) or "name an array"
                self.report.add(
                    path, f"[elements] names {quoted(name)}, which isn't defined", "not defined", help, key=True
                )
                continue
            pattern = normal_name(pattern)
            if fault := pattern_fault(pattern, len(shapes[name]) if name in shapes else None):
                self.report.add(path, fault.message, fault.label, fault.help)
                continue
            patterns[name] = pattern
        return patterns

    def notation(self, elements: Mapping[str, str]) -> dict[str, str]:
        """How names are typeset; each must be the name of something."""
        bound = dict(self.names())
        found = {}
        for key, text in self.document.get("notation", {}).items():
            name, path = normal_name(key), ("notation", key)
            if name not in bound and not self.may_be_element(name, bound) and name.rstrip("'") not in bound:
                help = did_you_mean(name, bound) or "leave the line out"
                self.report.add(
                    path, f"[notation] names {quoted(name)}, which isn't defined", "not defined", help, key=True
                )
            elif fault := notation_fault(text):
                self.report.add(path, fault.message, fault.label, fault.help)
            else:
                found[name] = text
        return found

    def may_be_element(self, name: str, of: Any) -> bool:
        """Whether the name may turn out to be an element of one of these arrays, once shapes are known."""
        patterns = self.document.get("elements", {})
        return any(
            name.startswith(f"{array}[") or pattern_matches(normal_name(patterns.get(array, "")), name)
            for array in of
        )  # fmt: skip

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
        fault = text_fault(text or "", line_ends=line_ends)
        if fault:
            self.report.add(path, fault.message, fault.label, fault.help)
        return fault is None


def _without(document: Document, faulty: list[Path]) -> Document:
    """A copy of the document without the entries at these paths, so that the rest can be read."""
    drop = {path for path in faulty if path}

    def kept(node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            return {key: kept(item, (*path, key)) for key, item in node.items() if (*path, key) not in drop}
        if isinstance(node, list) and path == ("samples",):
            return [kept(item, (*path, index)) for index, item in enumerate(node) if (*path, index) not in drop]
        return node

    # A fault inside a value spoils the value: drop the quantity that it belongs to.
    for path in list(drop):
        if len(path) > 2 and (path[0] in _TABLES or path[0] == "functions"):
            drop.add(path[:2])
        elif len(path) > 3 and path[0] == "samples":
            drop.add(path[:3])
        elif path[:2] == ("learning", "rate"):
            drop.add(path[:2])
    return dict(kept(document, ()))


def _one_line(text: str) -> str:
    """A formula that was typed over several lines, on one; without blanks around it its column would be lost."""
    return " ".join(text.split()) if "\n" in text else text


def _table(where: Where) -> str:
    return (where.key or "").partition(".")[0]


def _shape(quantity: Quantity) -> str:
    return "x".join(map(str, quantity.shape)) if quantity.shape else "a single number"
