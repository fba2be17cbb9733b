"""What there is to learn: the skills in the order of the ladder, the rule of each, and which one a quantity exercises.

The ladder opens a few skills at a time. A skill is climbed with three unaided rights among its last four questions,
and has to be climbed again when the same slip is made in it twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from ..handwork.quantities import Gradient, Rate, Remembered, RuleNumber, Subject, Updated, Value, Worked
from ..values import Struct

if TYPE_CHECKING:
    from ..engine.network import Network

WINDOW = 4  # the last questions of a skill that decide
NEEDED = 3  # unaided rights among them
OPEN = 4  # skills not yet climbed that are open at a time
SAME_SLIP = 2  # times that bring a skill down


class Skill(Struct, frozen=True):
    """One rung: its stable code, its title, and its rule in words."""

    code: str
    title: str
    rule: str


# fmt: off
SKILLS: tuple[Skill, ...] = (
    Skill("sigmoid", "the sigmoid",
          "σ(z) = 1 / (1 + e^(−z)): the sum goes in, a number between 0 and 1 comes out."),
    Skill("sigmoid-slope", "the sigmoid's slope",
          "The slope of a = σ(z) is a·(1 − a): take the activation, not the sum."),
    Skill("neuron", "one neuron",
          "Multiply each input by its own weight, add them all, then add the bias once."),
    Skill("loss", "the loss and its slope",
          "Each output's error enters by itself; the slope of the loss is its derivative, not the loss."),
    Skill("output-delta", "δ of an output",
          "δ is the slope of the loss times the slope of the output's activation."),
    Skill("output-weight", "gradient of an output weight",
          "A weight's gradient is the δ where it ends times the value where it starts."),
    Skill("one-path", "one path back",
          "Along one path the local derivatives multiply, each of them once."),
    Skill("two-paths", "paths that meet",
          "Each path to the loss is a product; where several meet, the products add, each with its own sign."),
    Skill("hidden-delta", "δ of a hidden neuron",
          "Add up what comes back by every weight that leaves the neuron; multiply by its own slope."),
    Skill("hidden-weight", "gradient of a hidden weight",
          "A weight's gradient is the δ where it ends times the value where it starts; shared ones add all uses."),
    Skill("bias", "gradient of a bias",
          "∂z/∂b is 1, so a bias collects the δ of every neuron that it enters."),
    Skill("update", "the update",
          "Descent subtracts the learning rate times the gradient: w' = w − η·∂L/∂w."),
    Skill("softmax", "softmax",
          "Every output depends on every sum: p·(1 − p) by its own, −p·p by another's; cross entropy makes it p − y."),
    Skill("relu", "relu",
          "relu passes what is positive and makes the rest 0; its slope is 1 above 0 and 0 below."),
    Skill("tanh", "tanh",
          "The slope of a = tanh(z) is 1 − a²."),
    Skill("other-function", "other functions",
          "Differentiate the function itself, at the number that goes into it."),
    Skill("whole-pass", "a whole pass",
          "Forward first, each number once; then back from the loss, each derivative from the ones after it."),
    Skill("own-scenario", "your own scenario",
          "Forward first, each number once; then back from the loss, each derivative from the ones after it."),
)
# fmt: on
CODES: tuple[str, ...] = tuple(skill.code for skill in SKILLS)
_BY_CODE: Mapping[str, Skill] = {skill.code: skill for skill in SKILLS}
_FUNCTIONS: Mapping[str, tuple[str, str]] = {  # of an activation: the skill of its value, of its slope
    "sigmoid": ("sigmoid", "sigmoid-slope"),
    "tanh": ("tanh", "tanh"),
    "relu": ("relu", "relu"),
}


def skill(code: str) -> Skill:
    """The skill of this code; KeyError where there is none."""
    return _BY_CODE[code]


def title_of(code: str) -> str:
    """A skill's title; the code itself for one that a newer program has written down."""
    found = _BY_CODE.get(code)
    return found.title if found is not None else code


# ---------------------------------------------------------------- what a quantity exercises
def skill_of(network: Network, subject: Subject) -> str:
    """The code of the skill that calculating the quantity exercises."""
    match subject:
        case Value(node):
            return _of_value(network, node)
        case Gradient(of, by):
            return _of_gradient(network, of, by)
        case Updated() | Rate() | Worked() | Remembered() | RuleNumber():
            return "update"


def _of_value(network: Network, node: int) -> str:
    activation = network.activation(node)
    if network.softmax(node) is not None:
        return "softmax"
    if network.unit(node) is not None:
        return "neuron"
    if activation is not None:
        return _FUNCTIONS.get(activation.function, ("other-function", ""))[0]
    return "loss" if network.loss(node) is not None else "other-function"


def _of_gradient(network: Network, of: int, by: int) -> str:
    uses = network.uses(by, of)
    if network.loss(of) is None:
        return _of_local(network, of, by) if of in uses else "one-path"
    if network.is_parameter(by):
        return _of_parameter(network, of, by)
    if any(network.softmax(user) is not None or _softmax_loss(network, user, by) for user in uses):
        return "softmax"
    if network.unit(by) is not None or network.activation(by) is None:
        if of in uses:
            return "loss"
        return _of_sum(network, of, by, uses)
    if all(network.loss(user) is not None for user in uses):
        return "loss"
    return "two-paths" if len(uses) > 1 else "one-path"


def _of_sum(network: Network, of: int, by: int, uses: Sequence[int]) -> str:
    """δ of a neuron: by its function where that is a subject of its own."""
    functions = {a.function for user in uses if (a := network.activation(user)) is not None}
    own = _FUNCTIONS.get(next(iter(functions), "sigmoid"), ("", "other-function"))[1]
    if len(functions) == 1 and own not in ("sigmoid-slope", "other-function"):
        return own
    return "hidden-delta" if network.is_hidden(by) else "output-delta"


def _softmax_loss(network: Network, user: int, by: int) -> bool:
    loss = network.loss(user)
    name = network.graph.name(by)
    return loss is not None and any(t.output == name and t.kind == "softmax logits" for t in loss.terms)


def _of_local(network: Network, of: int, by: int) -> str:
    activation = network.activation(of)
    if network.softmax(of) is not None:
        return "softmax"
    if activation is not None and (activation.argument == by or network.unit(of) is not None):
        return _FUNCTIONS.get(activation.function, ("", "other-function"))[1]
    if network.unit(of) is not None:
        return "neuron"
    return "loss" if network.loss(of) is not None else "other-function"


def _of_parameter(network: Network, of: int, by: int) -> str:
    units = [unit for user in network.graph.users.get(by, ()) if (unit := network.unit(user)) is not None]
    if units and all(any(bias.node == by for bias in unit.biases) for unit in units):
        return "bias"
    if any(network.is_hidden(unit.node) for unit in units):
        return "hidden-weight"
    return "output-weight"


# ---------------------------------------------------------------- the ladder
class Result(Struct, frozen=True):
    """How one question ended: unaided right or not, and the slip that was made."""

    right: bool
    slip: str = ""


def climbed(results: Sequence[Result]) -> bool:
    """Is a skill climbed after these results, in order? Up by rights, down when one slip is made twice."""
    up = False
    recent: list[Result] = []
    slips: list[str] = []
    for result in results:
        recent = [*recent, result][-WINDOW:]
        if result.slip:
            slips.append(result.slip)
        if up and result.slip and slips.count(result.slip) >= SAME_SLIP:
            up, recent, slips = False, [], []
        elif not up and sum(r.right for r in recent) >= NEEDED:
            up, slips = True, []
    return up


def open_skills(offered: Collection[str], results: Mapping[str, Sequence[Result]]) -> tuple[str, ...]:
    """The skills to ask now, of those on offer: what is climbed, and the next few on the ladder."""
    found: list[str] = []
    waiting = 0
    for code in CODES:
        if code in offered:
            done = climbed(results.get(code, ()))
            if not done and waiting == OPEN:
                break
            waiting += not done
            found.append(code)
    return tuple(found)
