"""Slips where a quantity goes several ways, through formulas of any kind: normalisation, gates, several losses."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.network import Network
from ..formulas.algebra import plus, times
from ..formulas.expression import Expression
from ..handwork.quantities import Gradient, Subject
from ..values import Struct
from .backward_contexts import bias_uses, source_uses, weight_uses
from .forward_contexts import Draft, Drafts, in_context, listed

FEW = 3  # ways of which each is tried by itself
MOST_USERS = 8  # of a quantity


class Branching(Struct, frozen=True):
    """∂of/∂q of a quantity that goes several ways, through formulas of any kind: ∂of/∂user·∂user/∂q, user by user."""

    network: Network
    of: int
    node: int
    users: tuple[int, ...]

    def path(self, user: int) -> Expression:
        above = self.network.derivative(self.of, user)
        return times(above, self.network.local(user, self.node))

    def through(self, users: Sequence[int]) -> Expression:
        """The sum over some of the ways."""
        return plus(*(self.path(user) for user in users))

    @property
    def right(self) -> Expression:
        return self.through(self.users)

    def depend_on(self, user: int) -> tuple[int, ...]:
        """The other users that this one depends on: what goes through them reaches it on a detour."""
        return tuple(u for u in self.users if u != user and self.network.graph.reaches(u, user))

    def names(self, users: Sequence[int]) -> list[str]:
        return [self.network.graph.name(user) for user in users]


def branching(network: Network, subject: Subject) -> Branching | None:
    """The context of a derivative by a quantity with several users; None where all are units (`Uses` has those)."""
    if not isinstance(subject, Gradient):
        return None
    users = network.uses(subject.by, subject.of)
    if not 2 <= len(users) <= MOST_USERS:
        return None
    if any(find(network, subject) is not None for find in (weight_uses, source_uses, bias_uses)):
        return None
    return Branching(network, subject.of, subject.by, users)


@in_context(branching)
def taken_as_constant(c: Branching) -> Drafts:
    """∂L/∂x̂·1/s of x̂ = (z − μ)/s: as if the mean and the variance, which are made of z too, were given numbers."""
    for user in c.users:
        constants = c.depend_on(user)
        if not constants:
            continue
        for left_out in ((*constants,), *((one,) for one in constants if len(constants) > 1)):
            kept = [other for other in c.users if other not in left_out]
            several = len(left_out) > 1
            words: dict[str, Expression | str] = {
                "z": c.network.name(c.node), "others": listed(c.names(left_out)),
                "depend": "depend" if several else "depends", "them": "them" if several else "it",
            }  # fmt: skip
            yield Draft(c.through(kept), c.right, words, 1.0 if left_out == constants else 0.3)


@in_context(branching)
def one_branch_only(c: Branching) -> Drafts:
    """One way for the sum, or all but one."""
    if len(c.users) > FEW:
        return  # too many stories for one number
    words: dict[str, Expression | str] = {
        "h": c.network.name(c.node), "of": c.network.graph.name(c.of), "units": listed(c.names(c.users)),
        "count": str(len(c.users)),
    }  # fmt: skip
    for user in c.users:
        yield Draft(c.path(user), c.right, words)
    if len(c.users) > 2:
        for user in c.users:
            yield Draft(c.through([other for other in c.users if other != user]), c.right, words, 0.5)


def one_part_of_the_loss(network: Network, subject: Subject) -> Drafts:
    """∂E₁/∂w for ∂E/∂w, where E adds up several losses that all depend on w."""
    if not isinstance(subject, Gradient):
        return
    loss, graph = network.loss(subject.of), network.graph
    if loss is None or loss.terms:
        return
    parts = [graph.id(name) for factor, name in loss.parts if factor == 1]
    reached = [part for part in parts if graph.reaches(subject.by, part)]
    if len(reached) < 2 or len(reached) < len(loss.parts) or any(graph.block_of(p).sample is not None for p in parts):
        return
    pieces: dict[int, Expression] = {part: network.derivative(part, subject.by) for part in reached}
    for part in reached:
        others = listed([graph.name(other) for other in reached if other != part])
        yield Draft(pieces[part], plus(*pieces.values()), {"by": network.name(subject.by), "others": others})
