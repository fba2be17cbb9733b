"""A parsed TOML document → `Scenario`, with everything that is wrong in it.

Imported only when a scenario is read: the schema brings pydantic along.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ..values import replace
from .binding import TABLES
from .learning import LearningReader
from .names import normal_name, notation_fault, pattern_fault, quoted
from .toml_places import Path
from .types import Draft, Kind, Quantity, Sample, Scenario


class Reader(LearningReader):
    """Reads one document; every fault goes to the report, and what is faulty is left out or stands as an unknown."""

    def draft(self) -> Draft:
        """The scenario as far as it can be read, and all problems."""
        functions = self.functions()
        quantities = self.quantities()
        equations = self.equations(("equations",))
        self.bound_twice()
        samples, quantities = self.samples(quantities)
        learning = self.document.get("learning", {})
        equations, loss, loss_where = self.loss(learning, equations)
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
            rates=MappingProxyType(self.rates(learning)),
            frozen=self.frozen(learning),
            update=self.update(),
            rule_values=self.rule_values(learning),
            steps=learning.get("steps", 1),
            elements=MappingProxyType(self.elements(quantities)),
            notation=MappingProxyType(self.notation()),
            source=self.source,
        )
        return Draft(scenario, self.report.sorted(), frozenset(self.doubtful | (set(self.table_of) - read)))

    # ------------------------------------------------------------------ quantities
    def quantities(self) -> tuple[Quantity, ...]:
        """Inputs, parameters and targets; one that can't be read stands as an unknown and is doubtful."""
        found = []
        for table, kind in TABLES.items():
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
                found.append(replace(quantity, constant=table == "constants"))
        return tuple(found)

    def unknown(self, name: str, kind: Kind, path: Path, like: Quantity | None = None) -> Quantity:
        """A quantity without values, of the shape of another."""
        import numpy as np

        shape = like.shape if like else ()
        values = np.full(like.size if like else 1, np.nan)
        values.setflags(write=False)
        where, key_where = self.source.where(*path), self.source.where(*path, key=True)
        return Quantity(name, kind, shape, values, ("?",) * values.size, None, where, key_where)

    # ------------------------------------------------------------------ samples
    def samples(self, quantities: tuple[Quantity, ...]) -> tuple[tuple[Sample, ...], tuple[Quantity, ...]]:
        """The samples, and the quantities with the shapes that the samples give to a bare "?"."""
        declared = {q.name: q for q in quantities if q.kind != "parameter"}
        own = [path for name, path in self.bindings if path[0] == "samples" and self.check_name(name, path)]
        for path in own:  # an input, unless [targets] says otherwise
            name = normal_name(str(path[-1]))
            declared[name] = self.unknown(name, "input", path)
        varying: dict[str, None] = {}
        read: list[tuple[int, dict[str, Quantity]]] = []
        for number, table in enumerate(self.document.get("samples", [])):
            if table is None:
                continue
            values: dict[str, Quantity] = {}
            for key, raw in table.items():
                name, path = normal_name(key), ("samples", number, key)
                if name not in declared:
                    self.undeclared(name, path)
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
        known = tuple(declared.get(q.name, q) for q in quantities)
        return samples, (*known, *(declared[normal_name(str(path[-1]))] for path in own))

    def undeclared(self, name: str, path: Path) -> None:
        """Report an entry of a sample that is something else already."""
        if self.table_of.get(name) == "parameters":
            said, help = f"{quoted(name)} is a parameter, the same in every sample", "make it an input"
        elif self.table_of.get(name) == "equations":
            said, help = f"{quoted(name)} is computed by an equation", "leave it out of the samples"
        else:
            return  # its name has been reported
        self.report.add(path, said, "not given", help, key=True)

    def same_shape(self, name: str, declared: dict[str, Quantity], read: list[tuple[int, dict[str, Quantity]]]) -> None:
        """All samples give a quantity the same shape, the declared one unless that is a bare "?"."""
        model = declared[name]
        if name in self.doubtful:
            return
        if model.shape == () and not model.known:
            first = next(values[name] for _, values in read if name in values)
            model = declared[name] = replace(
                self.unknown(name, model.kind, (), first), where=model.where, key_where=model.key_where
            )
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


def _shape(quantity: Quantity) -> str:
    return f"an array of {' x '.join(map(str, quantity.shape))}" if quantity.shape else "a single number"
