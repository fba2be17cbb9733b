"""The usual ways of writing what an update rule of the scenario's own makes of a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..formulas.expression import Expression, Group, Name, Number, Power, Sum, children, number, transform, ungrouped
from ..handwork.quantities import Rate, RuleNumber, Subject, Updated, Vocabulary, Worked
from .alignment import as_written


def rule_forms(vocabulary: Vocabulary, subject: Subject) -> Sequence[Expression]:
    """The rule's own formula of a quantity that it makes: by its names, and with its constants put in."""
    rule = vocabulary.rule
    if rule is None or not isinstance(subject, (Worked, Updated)):
        return ()
    line = rule.result if isinstance(subject, Updated) else subject.line
    node = subject.node
    rate = vocabulary.graph.scenario.rates.get(vocabulary.graph.block_of(node).name)

    def named(part: Expression) -> Expression:
        if not isinstance(part, Name):
            return part
        operand = rule.operand(line, part.name, node)
        own = rate is not None and isinstance(operand, Rate)  # a rate of the parameter's own
        return Number(rate.text, Fraction(rate.value)) if own and rate is not None else vocabulary.read(operand)

    def with_numbers(part: Expression) -> Expression:
        constant = rule.canonical.get(part.name) if isinstance(part, Name) else None
        if isinstance(constant, RuleNumber) and (constant.name == "t" or constant.name in rule.rule.numbers):
            value = float(vocabulary.graph.step) if constant.name == "t" else rule.rule.numbers[constant.name]
            text = repr(value).removesuffix(".0")
            return Number(text, Fraction(text))
        return part

    def worked_out(part: Expression) -> Expression:
        if isinstance(part, (Sum, Power, Group)) and all(isinstance(ungrouped(p), Number) for p in children(part)):
            return number(as_written(part))
        return part

    by_name = transform(rule.rule.lines[line].full, named)
    put_in = transform(by_name, with_numbers)
    return (by_name, put_in, transform(put_in, worked_out))
