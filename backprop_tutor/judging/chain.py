"""One scalar claim judged from its first link to its mark."""

from __future__ import annotations

from ..formulas.expression import Derivative, Expression, Name, ungrouped, walk
from ..formulas.typeset import to_text
from ..handwork.claims import LinkVerdict, Mark, Verdict, worst
from ..handwork.exact import Stated
from ..handwork.meaning import is_opaque
from ..handwork.quantities import Gradient, Rate, Subject, Updated, Value
from ..values import replace
from .alignment import as_written
from .arithmetic_links import continued
from .causes import number_causes
from .chain_reading import also, parameter_names
from .fitting import Ground, Reference, subject_in
from .foreign_names import meaningless
from .formula_causes import PLAIN
from .number_links import NumberLinks
from .own_names import OwnName, placeless, quantity_of, ungrouped_inside
from .pen import AMONG_DIGITS, PEN_SLIPS
from .person import Line, Person
from .session import NO_EFFECT, Step
from .values import AsWritten, judge_number, judge_stated

TELLING = 100  # units of the last digit: a smaller step can't tell one slip from another
RESULT_IS_RIGHT = "the result is right"
_NOTES = ("right-but-not-from-yours", "update-invisible", "no-evidence")  # to be told even where all is right


AT_FAULT = ("wrong", "follows")


class Chain(NumberLinks):
    """Walks the chain, judges its value, and decides the mark of the line."""

    # ------------------------------------------------------------------ the walk
    def verdict(self) -> Verdict:
        steps = self.steps
        foreign = tuple(dict.fromkeys(name for step in steps for name in step.meaning.unknown))
        begin = 1
        if self.introduces(foreign):
            foreign = ()
            begin = 1 if self.subject is not None else 2
        bound = parameter_names([p.expression for p in self.claim.parts])
        self.free = tuple(name for name in foreign if name in bound)
        foreign = tuple(name for name in foreign if name not in bound)
        for i in range(begin, len(steps)):
            self.link(self.known_before(i, foreign), steps[i], i, foreign)
        self.value_link(foreign)
        self.judge.used_later |= self.reference.used_later
        if self.own:
            self.define()
        elif self.subject is None and not foreign:
            self.keep()
        return self.close()

    def keep(self) -> None:
        """Remember a number at fault that is said of a formula: `Σ e^z = 4.07`, where nothing has that name."""
        first, number = self.steps[0], self.steps[-1].number
        if first.kind == "formula" and number is not None and any(link.mark in AT_FAULT for link in self.links):
            formula = ungrouped_inside(placeless(first.expression))
            line = Line(number, self.claim.line, True)
            self.session.definitions[f"[{to_text(formula)}]"] = OwnName(formula, line)

    def introduces(self, foreign: tuple[str, ...]) -> bool:
        """Does the line introduce a name of the person's own? Where that is a quantity, the line is about it."""
        first = ungrouped(self.claim.parts[0].expression)
        if not isinstance(first, Name) or foreign != (first.name,) or len(self.steps) < 2 or is_opaque(first.name):
            return False
        self.own = first.name
        if self.steps[1].kind == "formula":
            subject = quantity_of(self.judge, self.steps[1].expression)
            if subject is not None:
                read = replace(self.steps[0].meaning, expression=self.vocabulary.read(subject), unknown=())
                self.steps[0] = replace(self.steps[0], meaning=read)
                self.subject = subject
        return True

    def define(self) -> None:
        """Remember what the person's own name stands for."""
        second, final = self.steps[1], self.steps[-1]
        number = final.number or self.total_as_number(final)
        line = None
        if number is not None:
            faulty = any(link.mark in ("wrong", "follows") for link in self.links)
            line = Line(number, self.claim.line, faulty)
        if self.subject is not None:
            formula: Expression | None = self.vocabulary.read(self.subject)
        else:
            formula = placeless(second.expression) if second.kind == "formula" else None
        if formula is not None or line is not None:
            self.session.definitions[self.own] = OwnName(formula, line, self.subject)

    def known_before(self, i: int, foreign: tuple[str, ...]) -> Step:
        """What a part is compared with: the one before it, or the first where nobody can tell what that one says."""
        first, left, right = self.steps[0], self.steps[i - 1], self.steps[i]
        if right.kind != "formula" or not any(name in foreign for name in left.meaning.unknown):
            return left
        if any(name in foreign for name in (*first.meaning.unknown, *right.meaning.unknown)):
            return left
        self.links = [link for link in self.links if link.code != "not-checkable" or link.right != left.part.text]
        self.unknown_operands = False
        return first

    def link(self, left: Step, right: Step, i: int, foreign: tuple[str, ...]) -> None:
        if any(name in foreign for name in (*left.meaning.unknown, *right.meaning.unknown)):
            if right.kind == "formula" or i == 1:
                names = [n for n in (*left.meaning.unknown, *right.meaning.unknown) if n in foreign]
                self.add("formula", left, right, "unknown", "not-checkable", meaningless(names, self.vocabulary))
                self.unknown_operands = True
            return
        if right.kind == "formula":
            self.formula_link(left, right)
        elif left.kind == "formula" and right.kind == "numbers":
            self.substitution_link(left, self.running(i))
        elif left.kind == "formula" and self.subject is None:
            self.plain_value(left, right)
        elif left.kind in ("numbers", "number"):
            self.arithmetic_link(left, right)

    def running(self, i: int) -> Step:
        """A part with all that is added to it further on: `0.2*0.1 = 0.02 + 0.35 = 0.37` puts in 0.2*0.1 + 0.35."""
        step = self.steps[i]
        for following in self.steps[i + 1 :]:
            if following.kind != "numbers" or not self.starts_anew(step, following):
                break
            step = continued(step, following)
        return step

    # ------------------------------------------------------------------ value
    def value_link(self, foreign: tuple[str, ...]) -> None:
        if self.subject is None or len(self.steps) < 2:
            self.end_nudge()
            return
        final = self.steps[-1]
        number = final.number
        if number is None:
            number = self.total_as_number(final)
            if number is None:
                return
        if foreign and self.judge.truth is None:
            return
        ground = self.ground(number)
        truth = self.judge.truth
        if ground.mark == "wrong" and final.number is not None:
            ground = self.explained(number, ground)
        if ground.mark == "right" and final.number is not None and any(link.mark == "wrong" for link in self.links):
            ground = replace(
                ground, code="right-value-wrong-working", message="the result is right, the working is not"
            )
        if final.number is not None or ground.mark == "wrong":
            expected = ground.expected
            # a substitution that is already wrong explains its own total
            told = final.number is None and any(link.mark == "wrong" for link in self.links)
            if not told and (truth is not None or ground.mark != "unknown"):
                self.add("value", self.steps[0], final, ground.mark, ground.code, ground.message,
                         float(number.value), expected, follows=ground.lines, interval=ground.interval)  # fmt: skip
        self.remember(final, ground)

    def explained(self, number: Stated, ground: Ground) -> Ground:
        """The cause of a wrong number, where one explains it well."""
        assert self.subject is not None
        if self.in_nudge:
            return ground  # the catalogue knows no nudges
        wrong = [link for link in self.links if link.mark == "wrong"]
        if wrong and not any(link.kind == "arithmetic" for link in wrong) and self.comes_from_working(number):
            return replace(ground, code="wrong", message=ground.instead)
        if wrong:
            return ground  # the working already shows where it went wrong
        found = number_causes(self.judge, self.session.person, self.subject, number, self.claim.line)
        note = self.hidden_by_digits(number)
        # numbers that share their first digits by nature look like slips in the last ones
        self.explanations = tuple(e for e in found if not (note and e.code in AMONG_DIGITS))
        operand = self.operand_itself(number)
        if operand and all(e.code in PEN_SLIPS for e in self.explanations):
            self.explanations = ()
            return replace(ground, code="wrong", message=f"this is {operand} itself; {ground.instead}")
        if len(self.explanations) == 1:
            only = self.explanations[0]
            return replace(ground, code=only.code, message=only.message)
        # no one cause stands out: not even the slip of the pen that fits
        return replace(ground, code="wrong", message="; ".join(filter(None, (ground.instead, note))))

    def operand_itself(self, number: Stated) -> str:
        """The name of a quantity that the line's own is worked out from, where the number is that one's.

        Not of given data, whose round numbers many a slip comes to.
        """
        assert self.subject is not None
        own, person = self.vocabulary.text(self.subject), self.session.person
        for form in self.reference.forms(self.subject):
            for part in walk(form):
                value = self.reference.best(part) if isinstance(part, (Name, Derivative)) else None
                if value is not None and abs(value - float(number.value)) <= 1e-12 * abs(value):
                    subject = subject_in(part, person)
                    given = isinstance(subject, Rate) or (isinstance(subject, Value) and subject.node in person.leaves)
                    if subject is not None and not given and self.vocabulary.text(subject) != own:
                        return self.vocabulary.text(subject)
        return ""

    def comes_from_working(self, number: Stated) -> bool:
        """Is a number what stands before it gives? Then it is no slip of the pen, whatever it looks like."""
        before = self.steps[-2]
        try:
            written = as_written(before.expression) if before.kind == "numbers" else None
        except ArithmeticError:
            return False
        return written is not None and self.written_box(before.expression).meets(number.value, number.unit)

    def hidden_by_digits(self, number: Stated) -> str:
        """What to say of an updated weight whose step is so small that its digits can't tell one slip from another."""
        truth = self.judge.truth
        if not isinstance(self.subject, Updated) or truth is None or not number.unit:
            return ""
        step = abs(truth.of(self.subject) - truth.value(self.subject.node))
        if not 0 < step < float(number.unit) * TELLING:
            return ""
        gradient = self.vocabulary.text(Gradient(self.judge.graph.loss, self.subject.node))
        return f"the step is only {step:.2g}, so these digits can't show which slip it was: look at {gradient}"

    def total_as_number(self, final: Step) -> Stated | None:
        """A chain that ends with numbers put in states their total, as exactly as they are typed."""
        if final.kind != "numbers":
            return None
        try:
            value = as_written(final.expression)
        except ArithmeticError:
            return None
        box = self.written_box(final.expression)
        return Stated(value, box.high - box.low, "")

    def ground(self, number: Stated) -> Ground:
        assert self.subject is not None
        reference = self.reference
        formula, formula_line = self.wrong_formula()
        written = None
        if len(self.steps) > 1 and self.steps[-2].kind == "numbers":
            bad = any(link.mark == "wrong" for link in self.links)
            before = self.steps[-2].expression
            try:
                written = None if bad else AsWritten(as_written(before), lambda: self.written_room(before))
            except ArithmeticError:
                written = None
        lines = tuple(sorted(self.operand_lines))
        right = None if self.formula_wrong else self.formula

        def judged(reference: Reference, person: Person, unknown: bool) -> Ground:
            about, line = self.subject, self.claim.line
            assert about is not None
            return judge_stated(
                lambda n: judge_number(
                    reference, person, about, n, formula, written, lines, unknown, line, formula_line, right
                ),
                number,
            )

        ground = judged(reference, self.session.person, self.unknown_operands)
        nudged = self.session.nudged
        if nudged is not None:
            moved = Reference(self.session.moved, nudged, {}, {}, self.judge.network)
            other = judged(moved, nudged, False)
            self.in_nudge = self.opens_nudge or _better(other, ground, number, self.subject, moved, reference)
            return other if self.in_nudge else ground
        self.in_nudge = False
        return ground

    def wrong_formula(self) -> tuple[Expression | None, int]:
        """The person's own wrong formula for the quantity, in this line or, where it has none, in an earlier one."""
        if self.formula is not None or self.subject in self.session.right_formulas:
            return (self.formula if self.formula_wrong else None), self.claim.line
        earlier = [(f, line) for subject, f, line in self.session.wrong_formulas if subject == self.subject]
        return earlier[-1] if earlier else (None, self.claim.line)

    def end_nudge(self) -> None:
        """A quotient of differences closes a nudged run."""
        if self.subject is None:
            self.session.nudged = self.session.moved = None

    def remember(self, final: Step, ground: Ground) -> None:
        if final.number is None or self.subject is None:
            return
        at_fault = any(link.mark in ("wrong", "follows") and link.code != NO_EFFECT for link in self.links)
        line = Line(
            final.number, self.claim.line, at_fault and ground.mark != "right", abs(final.number.value) in (0, 1)
        )
        if self.in_nudge and self.session.nudged is not None:
            self.session.nudged.state(self.subject, line)
            return
        self.session.history.setdefault(self.subject, []).append(line)
        self.session.person.state(self.subject, line)

    # ------------------------------------------------------------------ the verdict
    def close(self) -> Verdict:
        if not self.links:
            if self.own and self.steps[1].kind != "number":
                return self.finish("right", "definition", f"'{self.own}' is a name of your own")
            nothing = "there is nothing to compare this with"
            message = meaningless([self.own], self.vocabulary) if self.own else nothing
            return self.finish("unknown", "not-checkable", message)
        if self.renamed and all(link.mark in ("right", "close") for link in self.links):
            text = "; ".join(f"'{foreign}' is read as {own}" for foreign, own in self.renamed.items())
            return self.finish("notation", "renamed", text)
        mark = worst([link.mark for link in self.links])
        if self.own and mark == "right":
            about = f": {self.vocabulary.text(self.subject)}" if self.subject is not None else ""
            return self.finish("right", "definition", f"'{self.own}' is a name of your own{about}")
        found = [link for link in self.links if link.mark == mark]
        # a slip with a name says more than "not equal", wherever in the chain it shows
        named = [link for link in found if link.kind == "formula" and link.code not in PLAIN]
        link = named[0] if named and found[0].kind == "formula" else found[0]
        if mark in ("right", "follows"):
            link = next((item for item in found if item.code in _NOTES), link)
        message = _whole_message(link, found) if mark == "wrong" else link.message
        result = next((item for item in self.links if _is_right_result(item)), None)
        if mark in ("wrong", "follows") and result is not None and "result" not in message:
            message = also(message, RESULT_IS_RIGHT)
        harmless = next((item for item in self.links if item.code == NO_EFFECT and item is not link), None)
        if harmless is not None and mark != "right":
            message = also(message, harmless.message)
        return self.finish(mark, link.code, message, link)

    def finish(self, mark: Mark, code: str, message: str, link: LinkVerdict | None = None) -> Verdict:
        stated = link.stated if link else None
        expected = link.expected if link else None
        final = self.steps[-1].number
        if final is not None:
            stated = float(final.value)
        if self.vindicated:
            expected = None  # what the wrong number gives is not what belongs there
        truth = self.session.moved if self.in_nudge else self.judge.truth
        if self.subject is not None and truth is not None:
            # a line's numbers are about its quantity; what a single link expects stands with the link
            value = truth.of(self.subject)
            judged = next((item for item in self.links if item.kind == "value"), None)
            if judged is not None and judged.expected is not None and not self.reference.decided(self.subject):
                value = judged.expected
            expected = None if value != value else value
        lines = tuple(sorted({n for item in self.links for n in item.follows_from}))
        quantity = self.vocabulary.text(self.subject) if self.subject is not None else None
        shown = "" if mark == "right" and code == "identity" else code
        return Verdict(self.claim, quantity, mark, shown, message, stated, expected, tuple(self.links), lines,
                       self.explanations)  # fmt: skip


def _is_right_result(link: LinkVerdict) -> bool:
    """Is a result right, and not only beside what the person's own lines give?"""
    return link.kind == "value" and link.mark == "right" and link.code != "right-but-not-from-yours"


def _whole_message(link: LinkVerdict, found: list[LinkVerdict]) -> str:
    """What is said of a line: of several faults that hold together, each in its own words."""
    others = [other.message for other in found if other.kind != link.kind and other.code != "wrong"]
    more = "; ".join(dict.fromkeys(other for other in others if other and other != link.message))
    return f"{link.message.rstrip('.')}. As well, {more}" if more else link.message


def _better(
    other: Ground, ground: Ground, number: Stated, subject: Subject, moved: Reference, plain: Reference
) -> bool:
    """Does a number belong to the nudged run rather than to the plain one?"""
    order: list[Mark] = ["right", "close", "follows", "unknown", "wrong"]
    there, here = moved.truth_of(subject), plain.truth_of(subject)
    if there is None or other.mark not in order or ground.mark not in order:
        return False
    nearer = here is None or abs(number.value - there) < abs(number.value - here)
    if ground.mark == "close" and other.mark != "wrong":
        return nearer  # rounding explains much: inside a nudged run the nearer value decides
    if other.mark != ground.mark:
        return order.index(other.mark) < order.index(ground.mark)
    if other.mark == "wrong" and here is not None:
        return 0 < number.unit <= 10 * abs(there - here)  # wrong either way: can its digits show what was moved?
    return nearer
