"""A run for a person at a Python prompt or in a notebook: everything of a trace by the document's names.

    run.values["h1"]  run.gradients["w11"]  run.contributions["a_h1"]  run.checks["w11"]  run.updates["w11"]

Nothing is calculated here that the trace, the checks or the lesson don't have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from .engine.build import build
from .engine.check import Check, check_gradients, check_locals
from .engine.graph import Graph, Node
from .engine.trace import Trace
from .engine.trace import run as run_trace
from .errors import Problem, RequestError
from .scenario.loading import Scenario

T = TypeVar("T")


class ByName(Mapping[str, T], Generic[T]):
    """Something of each quantity, found by its name when asked for; iterates in the document's order."""

    def __init__(self, graph: Graph, nodes: list[int], of: Callable[[int], T]) -> None:
        self._graph, self._nodes, self._of = graph, nodes, of
        self._allowed = frozenset(nodes)

    def __getitem__(self, name: str) -> T:
        try:
            node = self._graph.id(name)
        except RequestError as error:
            problem = error.problems[0]
            raise KeyError("; ".join(filter(None, (problem.message, problem.help)))) from None
        if node not in self._allowed:
            raise KeyError(f"{name} is a {self._graph.node(node).kind}, which has none")
        return self._of(node)

    def __iter__(self) -> Iterator[str]:
        return map(self._graph.name, self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name!r}: {self[name]!r}" for name, _ in zip(self, range(6), strict=False))
        return "{" + shown + (f", and {len(self) - 6} more" if len(self) > 6 else "") + "}"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One term of d(loss)/d(by): upstream = d(loss)/d(of), local = ∂of/∂by, product = upstream × local."""

    of: str
    by: str
    upstream: float
    local: float
    product: float


@dataclass(frozen=True, slots=True)
class Path:
    """One chain from a quantity to the loss: the names on it, the local derivative of each link, their product."""

    names: tuple[str, ...]
    factors: tuple[float, ...]
    product: float


@dataclass(frozen=True, slots=True)
class Update:
    """A parameter before and after one step of gradient descent."""

    before: float
    gradient: float
    after: float


@dataclass(frozen=True, repr=False)  # with slots, Python 3.11 answers `run.loss = 0` with a riddle
class Run:
    """One scenario, worked: immutable, each mapping in the document's order and by the document's names."""

    trace: Trace

    @property
    def scenario(self) -> Scenario:
        return self.trace.graph.scenario

    @property
    def loss(self) -> float:
        """The value of the loss."""
        return self.trace.loss

    @property
    def values(self) -> ByName[float]:
        """The value of every quantity."""
        return self._of(list(self.trace.graph.order()), self.trace.value)

    @property
    def gradients(self) -> ByName[float]:
        """d(loss)/d(quantity) for every quantity but the targets."""
        return self._of(self._differentiated(), self.trace.gradient)

    @property
    def contributions(self) -> ByName[tuple[Contribution, ...]]:
        """The terms whose sum is the gradient: upstream × local derivative, one per direct user of the quantity."""
        name = self.trace.graph.name

        def terms(node: int) -> tuple[Contribution, ...]:
            return tuple(
                Contribution(name(c.result), name(c.operand), c.upstream, c.local, c.product)
                for c in self.trace.contributions(node)
            )

        return self._of(self._differentiated(), terms)

    @property
    def checks(self) -> ByName[Check]:
        """The gradient of every quantity beside its finite difference."""
        return self._of(self._differentiated(), lambda node: check_gradients(self.trace, [node])[0])

    @property
    def updates(self) -> ByName[Update]:
        """Every parameter before and after one step; empty where the scenario has no rate."""
        done = {u.node: Update(u.before, u.gradient, u.after) for u in self.trace.updates}
        return self._of(list(done), done.__getitem__)

    def paths(self, name: str, limit: int = 12) -> tuple[Path, ...]:
        """The chains from a quantity to the loss: all of them, or the `limit` largest. RequestError: no such name."""
        return tuple(
            Path(tuple(map(self.trace.graph.name, path.nodes)), path.factors, path.product)
            for path in self.trace.paths(name, limit)
        )

    def path_count(self, name: str) -> int:
        """How many chains there are: exact, without listing them. RequestError: no such name."""
        return self.trace.path_count(name)

    def local(self, of: str, by: str) -> float:
        """∂of/∂by along the one edge between them, 0 where there is none. RequestError: no such name."""
        return self.trace.local(of, by)

    def local_check(self, of: str, by: str) -> Check:
        """The local derivative beside its finite difference. RequestError: no such name, or no edge between the two."""
        graph = self.trace.graph
        result, operand = graph.id(of), graph.id(by)
        if operand not in graph.node(result).operands:
            raise RequestError(Problem(f"the formula of '{of}' doesn't use '{by}'"))
        return check_locals(self.trace, [(result, operand)])[0]

    def derivative(self, of: str, by: str) -> float:
        """d(of)/d(by) over all paths between any two quantities. RequestError: no such name."""
        return self.trace.derivative(of, by)

    def node(self, name: str) -> Node:
        """The quantity's kind, formula and operands. RequestError: no such name."""
        return self.trace.graph.node(self.trace.graph.id(name))

    def __repr__(self) -> str:
        return f"Run({self.scenario.name!r}, loss={self.loss:.6g})"

    def _differentiated(self) -> list[int]:
        return self.trace.graph.nodes_of("input", "parameter", "computed")

    def _of(self, nodes: list[int], of: Callable[[int], T]) -> ByName[T]:
        return ByName(self.trace.graph, nodes, of)

    def _repr_markdown_(self) -> str:
        """What a notebook shows: the lesson in Markdown with LaTeX."""
        from .render.run.markdown import lesson_text

        return lesson_text(self.trace.graph, self.trace)


def run(scenario: Scenario) -> Run:
    """The scenario, worked. ScenarioError for its faults; RequestError when a value is unknown."""
    graph = build(scenario)
    if graph.symbolic:
        raise RequestError(
            Problem(
                f"'{scenario.name}' has unknown values (\"?\"), so there are no numbers to work with",
                help="give it numbers: with_values(scenario, {...}) or with_random(scenario, seed)",
            )
        )
    return Run(run_trace(graph))
