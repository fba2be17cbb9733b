"""The [learning] table: what is differentiated, and how a step is taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import Where
from ..formulas.notation import element_name, place_of
from .binding import BindingReader, one_line
from .names import normal_name, quoted
from .toml_places import Path
from .types import RULE_NAMES, Equation, RuleValue
from .values import finite, no_constant

LOSS_NAMES = ("Loss", "J", "E", "L")  # of a loss that [learning] has as a formula: the first that is free


class LearningReader(BindingReader):
    """Reads [learning]; every fault goes to the report."""

    def loss(
        self, learning: Mapping[str, Any], equations: tuple[Equation, ...]
    ) -> tuple[tuple[Equation, ...], str | None, Where]:
        """The equations and which of them is the loss: the last one unless an upstream gradient takes its place.

        A loss that is no name is a formula, and one equation more.
        """
        if "loss" in learning:
            text, path = learning["loss"], ("learning", "loss")
            name = normal_name(text.strip())
            if learning.get("upstream"):
                said = "there are a loss and an upstream gradient"
                self.report.add(
                    ("learning", "upstream"), said, "one too many", "keep one: both say where to start", key=True
                )
            if self.is_equation(name):
                return equations, name, self.source.where(*path)
            if re.search(r"[-+*/^@(]", text) and self.formula(path, text):
                free = next(one for one in (*LOSS_NAMES, *(f"Loss_{i}" for i in range(1, 10_000))) if self.is_free(one))
                where = self.source.formula_where(*path, value=text)
                return (*equations, Equation(free, one_line(text), where, where)), free, where
            help = self.report.near(name, self.in_table("equations")) or "name one of the equations"
            self.report.add(path, f"the loss {quoted(name)} is none of the equations", "not an equation", help)
            return equations, name, self.source.where(*path)
        if learning.get("upstream") or not equations:
            return equations, None, self.source.where("learning", "upstream")
        return equations, equations[-1].name, equations[-1].name_where

    def is_free(self, name: str) -> bool:
        """Has nothing this name?"""
        return name not in self.table_of and not self.may_be_element(name)

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
                gradients[name] = self.number(path, value)
                texts[name] = self.source.digits(path, gradients[name])
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
        number = self.number(path, raw, unknown=True)
        if number <= 0:
            said = f"the learning rate is {self.source.digits(path, number)}"
            self.report.add(path, said, "not positive", "a learning rate is greater than 0")
        return number, self.source.digits(path, number), assumed

    def rates(self, learning: Mapping[str, Any]) -> dict[str, RuleValue]:
        """The parameters' own learning rates."""
        found = {}
        for key, value in learning.get("rates", {}).items():
            name, path = normal_name(key), ("learning", "rates", key)
            if self.is_parameter(name, path) and "rate" not in self.whole.get("learning", {}):
                said = "[learning] has rates for single parameters, and none for the others"
                self.report.add(path, said, "no rate", "write rate = 0.1 as well", key=True)
            number = self.number(path, value)
            found[name] = RuleValue(name, number, self.source.digits(path, number))
        return found

    def frozen(self, learning: Mapping[str, Any]) -> tuple[str, ...]:
        """The parameters that no step changes."""
        names = [(normal_name(name), ("learning", "frozen", i)) for i, name in enumerate(learning.get("frozen", []))]
        return tuple(dict.fromkeys(name for name, path in names if self.is_parameter(name, path, key=False)))

    def is_parameter(self, name: str, path: Path, *, key: bool = True) -> bool:
        """Report a name that no parameter has."""
        if self.table_of.get(name) == "parameters":
            return True
        help = self.report.near(name, self.in_table("parameters")) or "name one of the [parameters]"
        self.report.add(path, f"{quoted(name)} is none of the parameters", "no parameter", help, key=key)
        return False

    def number(self, path: Path, raw: object, unknown: bool = False) -> float:
        """A number or a formula of numbers; 1 after a report, which may advise "?" for an `unknown` one."""
        number = finite(raw)
        if number is None or number != number:
            fault = no_constant(str(raw))
            help = fault.help
            if not unknown:
                help = help.replace('a number, or "?" for a value that is not known', "a number, for example 0.20")
            self.report.add(path, f"{quoted(str(path[-1]))} is {fault.message}", fault.label, help)
            return 1.0
        return number

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
                number = self.number(path, value)
                found.append(RuleValue(name, number, self.source.digits(path, number)))
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
