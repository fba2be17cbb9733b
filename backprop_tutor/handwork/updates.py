"""Which claims speak of a parameter after its update without saying so: `w5 = w5 - 0.5*0.0822`, `w5 = 0.3589`.

Programs and many people write the new weight under the old one's name. It is the new one where the parameter itself
stands on the right, where the calculation starts from its given value, and, once gradients have been worked out, where
the number is not the given value.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..formulas.expression import Derivative, Element, Expression, Name, Sum, ungrouped, walk
from ..values import replace
from .claims import Part
from .exact import agrees, exact, literal, truncates
from .indices import lettered
from .quantities import Gradient, Updated, Value, Vocabulary


class Updates:
    """Reads the parameters of one sheet's claims, in order."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.given = vocabulary.graph.leaf_values()
        self.backward = False  # has a gradient of the loss been worked out?

    def read(self, parts: Sequence[Part], assigns: bool) -> tuple[tuple[Part, ...], dict[str, str]]:
        """The parts with the updated parameter in the first, and how its name was read where only the context says so.

        `assigns`: the sign between the first two parts says it (`w5 := ...`).
        """
        first = ungrouped(parts[0].expression)
        subject = self.vocabulary.subject(first.name) if isinstance(first, Name) else None
        self.backward |= self.is_backward(parts)
        if not isinstance(first, Name) or len(parts) < 2:
            return tuple(parts), {}
        rest = [ungrouped(part.expression) for part in parts[1:]]
        about = self.vocabulary.parameter(first.name) if isinstance(subject, Value) else None
        if about is not None and (assigns or self.is_new(about, rest)):
            own = f"{self.vocabulary.graph.name(about)}'"
        elif subject is None and self.is_array(first.name) and (assigns or self.mentions(rest[0], first.name)):
            own = f"{self.vocabulary.array(first.name)}'"
        elif subject is None and self.is_element(first.name) and (assigns or self.mentions(rest[0], first.name)):
            own = f"{first.name}'"
        else:
            return tuple(parts), {}
        self.backward = True
        new = replace(parts[0], expression=Name(own, first.text, first.span))
        return (new, *parts[1:]), {} if assigns else {first.name: own}

    def is_backward(self, parts: Sequence[Part]) -> bool:
        """Is a chain about a gradient, or about a parameter after the update?"""
        first = ungrouped(parts[0].expression) if parts else None
        if isinstance(first, Derivative):
            return self.vocabulary.parameter(first.by) is not None
        subject = self.vocabulary.subject(first.name) if isinstance(first, Name) else None
        loss = self.vocabulary.graph.loss
        return isinstance(subject, Updated) or (isinstance(subject, Gradient) and subject.of == loss)

    def is_array(self, name: str) -> bool:
        array = self.vocabulary.array(name)
        return array is not None and self.vocabulary.graph.blocks[array].kind == "parameter"

    def is_element(self, name: str) -> bool:
        """Is it an array's element by letters: `W_ij`?"""
        found = lettered(name)
        return found is not None and self.is_array(found.stem)

    def mentions(self, node: Expression, name: str) -> bool:
        """Does a sum hold the array itself: `W - 0.5*dW`?"""
        return isinstance(node, Sum) and any(isinstance(part, Name) and part.name == name for part in walk(node))

    def is_new(self, about: int, rest: Sequence[Expression]) -> bool:
        """Is it the parameter after the update that these formulas and numbers belong to?"""
        if isinstance(rest[0], Sum) and any(self.names(part, about) for part in walk(rest[0])):
            return True
        given = exact(self.given[about]) if self.given[about] == self.given[about] else None
        if given is None:
            return False
        if isinstance(rest[0], Sum) and not any(isinstance(part, (Name, Element)) for part in walk(rest[0])):
            first = literal(rest[0].terms[0][1])
            if first is not None and first.value * rest[0].terms[0][0] == Fraction(repr(float(given))):
                return True
        stated = literal(rest[-1])
        return (
            self.backward
            and stated is not None
            and not agrees(stated.value, stated.unit, given)
            and not truncates(stated.value, stated.unit, given)
        )

    def names(self, part: Expression, about: int) -> bool:
        return isinstance(part, Name) and self.vocabulary.subject(part.name) == Value(about)


def in_place(text: str) -> str:
    """`-=` as the operation that it stands for, empty for a sign that only assigns."""
    return text[0] if text in ("-=", "+=") else ""
