"""How one run is spelt on one screen: names, numbers, formulas, derivatives; and the tally of what was checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property

from ...engine.check import Check
from ...engine.graph import Graph
from ...engine.trace import Trace
from ...engine.update_rule import Worked
from ...formulas.algebra import size
from ...formulas.digits import counted, is_number, short, significant, spelt
from ...formulas.expression import Expression, Number, Sum, transform
from ...formulas.typeset import derivative_text, to_text
from ...lesson.third import Symbolic, ThirdWitness
from ...values import Struct, field, replace
from ..lines import right
from ..screen import Glyphs, Screen
from . import length
from .options import RunOptions

ROOMY = 100  # cells; a narrower screen has the worst gap only, at its end
GAP_WIDTH = 7
LONG_SUM = 24  # terms; a longer sum is shown by its first and last ones
SHOWN_SAMPLES = 4
LONG_FORMULA = 1_000  # cells; about half a screen
LONG_PIECES = 400  # of a formula in LaTeX
STEP_DIGITS = 9  # of a difference whose step was asked for


class Tally(Struct):
    """What has been checked so far; the closing line and the exit status come from it."""

    values: int = 0
    values_agree: int = 0
    worst_value: float = 0.0
    locals: int = 0
    gradients: int = 0
    agree: int = 0
    kinks: int = 0
    lost: int = 0  # in rounding
    too_wide: int = 0  # the step that was asked for
    worst: float = 0.0
    third_locals: int = 0  # that SymPy has been asked for
    third_gradients: int = 0
    third_agree: int = 0
    third_worst: float = 0.0
    steps: list[float] = field(default_factory=list)

    def value(self, gap: float, agrees: bool) -> None:
        self.values += 1
        self.values_agree += agrees
        self.worst_value = max(self.worst_value, gap)

    def check(self, check: Check, third: Symbolic | None, local: bool) -> None:
        """One derivative beside its difference, and beside SymPy's."""
        if third is not None:
            self.third_locals += local
            self.third_gradients += not local
            self.third_agree += third.agrees
            self.third_worst = max(self.third_worst, third.relative_error)
        self.locals += local
        self.gradients += not local
        if check.kink or check.undecided:
            self.kinks += check.kink
            self.lost += check.undecided == "rounding"
            self.too_wide += check.undecided == "step"
            return
        self.agree += check.agrees
        self.worst = max(self.worst, check.relative_error)
        self.steps.append(check.step)

    @property
    def third(self) -> int:
        """How many derivatives SymPy has been asked for."""
        return self.third_locals + self.third_gradients

    @property
    def decided(self) -> int:
        """How many derivatives a difference can decide."""
        return self.locals + self.gradients - self.kinks - self.lost - self.too_wide

    @property
    def all_agree(self) -> bool:
        """Does everything agree that a second calculation, a difference or SymPy can decide?"""
        return self.values == self.values_agree and self.decided == self.agree and self.third == self.third_agree


class Pen(Struct, frozen=True, dict=True):
    """Spells what a renderer shows. `trace` of a symbolic graph holds NaN for every number."""

    trace: Trace
    options: RunOptions
    screen: Screen
    tally: Tally
    worked: Worked | None = None  # the update step taken from here, where it isn't the only one

    @property
    def graph(self) -> Graph:
        return self.trace.graph

    @property
    def glyphs(self) -> Glyphs:
        return self.screen.glyphs

    @property
    def width(self) -> int:
        return self.screen.width

    @cached_property
    def symbolic(self) -> bool:
        return self.graph.symbolic

    # ------------------------------------------------------------------ length
    @cached_property
    def lengths(self) -> Mapping[str, int]:
        """About how many lines each part would take in full."""
        return length.lines_of(self.trace, self.options, len(self.samples), self.width)

    @cached_property
    def short(self) -> frozenset[str]:
        """The parts that are summed up."""
        return length.summed_up(self.lengths, self.options)

    # ------------------------------------------------------------------ witnesses
    @cached_property
    def third(self) -> ThirdWitness:
        """SymPy's derivatives at this trace's numbers."""
        return ThirdWitness(self.trace)

    def checked(self, check: Check, node: int, of: int | None = None) -> None:
        """Add one derivative to the tally: the local ∂of/∂node, or that of the loss by `node` over all paths."""
        third = self.third.gradient(node) if of is None else self.third.local(of, node)
        self.tally.check(check, third, local=of is not None)

    # ------------------------------------------------------------------ words
    def name(self, node: int) -> str:
        return self.glyphs.text(self.graph.name(node))

    def number(self, x: float) -> str:
        return significant(x, self.options.digits, self.glyphs.style.minus)

    def difference(self, check: Check) -> str:
        """A finite difference to all digits; one that is within its rounding noise of a derivative of 0 is 0.

        With a step that somebody asked for it has more of them, so that one sees how far it is from the derivative.
        """
        if check.value == 0 and check.agrees and not check.kink and not check.undecided:
            return "0"
        digits = self.options.digits if self.options.h is None else max(self.options.digits, STEP_DIGITS)
        return significant(check.difference, digits, self.glyphs.style.minus, measured=True)

    def value(self, node: int) -> str:
        """A leaf's number as typed, a computed one to the digits asked for."""
        typed = self.graph.typed(node)
        if typed is not None and typed != "?":
            return self.glyphs.text(spelt(typed, self.glyphs.style.minus))
        return self.name(node) if self.symbolic else self.number(self.trace.value(node))

    def formula(self, formula: Expression) -> str:
        """In names."""
        return self.bounded(formula, str)

    def put_in(self, formula: Expression) -> str:
        """With the numbers put in for the names."""
        return self.bounded(formula, lambda name: self.value(self.graph.id(name)))

    def bounded(self, formula: Expression, name: Callable[[str], str]) -> str:
        """The formula; one that would fill a screen in words, unless everything is asked for."""
        text = self.glyphs.text(to_text(shortened(formula), self.glyphs.style, name))
        return text if self.options.all or len(text) <= LONG_FORMULA else words_for(formula)

    def derivative(self, of: int, by: int) -> str:
        """∂of/∂by."""
        return derivative_text(self.name(of), self.name(by), self.glyphs.style)

    def total(self, by: int) -> str:
        """∂loss/∂by."""
        return self.derivative(self.graph.loss, by)

    def slope(self, result: int, operand: int, value: float) -> str:
        """A local derivative's number; where it is just another leaf of the result, as that leaf is typed."""
        if self.symbolic:
            return ""
        for other in self.graph.node(result).operands:
            typed = self.graph.typed(other)
            if other != operand and typed and is_number(typed) and self.trace.value(other) == value:
                return self.value(other)
        return self.number(value)

    @property
    def rate(self) -> str:
        """The learning rate as typed; empty where the scenario has none."""
        scenario = self.graph.scenario
        if scenario.rate_text is not None:
            return spelt(scenario.rate_text, self.glyphs.style.minus)
        return "" if scenario.rate is None else self.number(scenario.rate)

    def rate_of(self, node: int) -> str:
        """The learning rate of one parameter, which may have its own."""
        own = self.graph.scenario.rates.get(self.graph.block_of(node).name)
        return self.rate if own is None else spelt(own.text, self.glyphs.style.minus)

    # ------------------------------------------------------------------ marks
    def mark(self, agrees: bool) -> tuple[str, str]:
        """The verdict and its style: a shape, or a word in ASCII."""
        return (self.glyphs.ok, "ok") if agrees else (self.glyphs.wrong, "wrong")

    def error(self, check: Check) -> str:
        """The relative gap between a derivative and its difference, where there is room for it."""
        if self.width < ROOMY or check.kink or check.undecided:
            return ""
        return right(short(check.relative_error), GAP_WIDTH)

    def check_mark(self, check: Check) -> tuple[str, str]:
        """The verdict on a derivative; a word where a difference decides nothing."""
        if check.kink or check.undecided:
            return "kink" if check.kink else "unclear", "kink"
        return self.mark(check.agrees)

    # ------------------------------------------------------------------ samples
    @cached_property
    def samples(self) -> tuple[int, ...]:
        """The samples shown in full, counted from 1."""
        count = len(self.graph.scenario.samples)
        if self.options.samples is not None:
            return tuple(s for s in self.options.samples if 1 <= s <= count)
        return tuple(range(1, count + 1)) if count <= SHOWN_SAMPLES else (1,)

    @cached_property
    def hides(self) -> bool:
        """Are there samples that are not shown in full?"""
        return len(self.samples) < len(self.graph.scenario.samples)

    def shown(self, node: int) -> bool:
        """Is the node's sample among those shown?"""
        sample = self.graph.block_of(node).sample
        return sample is None or sample in self.samples

    def towards(self, node: int) -> Pen:
        """The same pen for derivatives of another quantity than the loss."""
        from ...engine.trace import backward

        graph = replace(self.graph, loss=node)
        adjoints = self.trace.adjoints if self.symbolic else backward(graph, self.trace.values)
        return replace(self, trace=Trace(graph, self.trace.values, adjoints))


def words_for(formula: Expression) -> str:
    """What stands in the place of a formula that would fill a screen."""
    return f"(a formula of {counted(size(formula))} pieces; --all writes it out)"


def shortened(formula: Expression) -> Expression:
    """The same formula with very long sums in words: the first two terms, how many follow, the last."""

    def change(part: Expression) -> Expression:
        if isinstance(part, Sum) and len(part.terms) > LONG_SUM:
            words = Number(f"({len(part.terms) - 3} more terms)", Fraction(0))
            return replace(part, terms=(*part.terms[:2], (1, words), part.terms[-1]))
        return part

    return transform(formula, change)
