"""The slips that people make, one row each: its code, its sentence, how likely it is, and its rewrite of the formulas.

A slip is a rewrite of one quantity's formula, found by the structure of the network, so that one definition gives the
wrong number, the operands it would need and the symbolic form, at true values and at a person's own, in every scenario.
`variants` tries every row on a quantity; what equals the right formula at generic points is no slip there, and of slips
that equal each other the first is kept, with the prior of the likeliest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from ..engine.network import Network
from ..formulas.algebra import plus, size, times
from ..formulas.expression import Expression
from ..formulas.typeset import to_text
from ..handwork.quantities import Gradient, Subject
from ..values import Struct, replace
from . import branches as branches
from . import forward as forward
from . import rule_steps as rule_steps
from . import slopes as slopes
from . import sums as sums
from . import updates as updates
from .forward_contexts import Draft, Rewrite, listed
from .generic_points import points_of
from .right_forms import right_forms

__all__ = ["SLIPS", "Slip", "Variant", "right_forms", "row", "variants"]

LONG = 400  # pieces of a formula
MOST_PATHS = 12  # that meet, for a slip to be carried through all of them
DEEPEST = 3  # steps that a slip is carried within one line
ALSO = "The same goes for"
CARRIED = 0.5  # of its prior, for a slip carried from one neuron into the next


class Slip(Struct, frozen=True):
    """One row: `code` is stable, `id` is the catalogue's, `sentence` is filled in with the names of the network."""

    code: str
    id: str
    name: str
    sentence: str
    prior: float
    rewrite: Rewrite


class Variant(Struct, frozen=True):
    """One way of getting one quantity wrong: the wrong formula over the graph's names, and the right one beside it."""

    code: str
    formula: Expression
    right: Expression
    sentence: str
    prior: float


# fmt: off
SLIPS: tuple[Slip, ...] = (
    # ------------------------------------------------------------ weighted sums
    Slip("bias-missing", "F1", "bias left out",
         "Add the bias {bias} after the weighted sum of {neuron}.", 3, forward.bias_missing),
    Slip("bias-multiplied", "F2", "bias multiplied",
         "The bias {bias} is added, not multiplied.", 1, forward.bias_multiplied),
    Slip("bias-twice", "F3", "bias added twice",
         "Add the bias {bias} once in {neuron}.", 1, forward.bias_twice),
    Slip("weights-swapped", "F4", "two weights swapped",
         "Each weight multiplies its own input: {one} and {two}; these are swapped.", 2, forward.weights_swapped),
    Slip("other-neurons-weight", "F5", "another neuron's weight",
         "{wrong} is the weight from {from} to {to}; into {neuron}, {source} comes with {weight}.", 2,
         forward.other_neurons_weight),
    Slip("another-weight", "another-weight", "another weight of the same neuron",
         "{wrong} is the weight of {from}; {source} comes with {weight}.", 0.5, forward.another_weight),
    Slip("index-transposed", "index-transposed", "rows and columns of the weights swapped",
         "The two indices of the weights are swapped: {neuron} takes the weights that lead to it.", 1,
         forward.index_transposed),
    Slip("input-missing", "F6", "an input left out",
         "{term} is missing from the sum of {neuron}.", 1, forward.input_missing),
    Slip("preactivation-passed-on", "F12", "sums passed on instead of activations",
         "Pass the activation {a} on, not the sum {z}.", 1, forward.preactivation_passed_on),
    # ------------------------------------------------------------ activations
    Slip("activation-missing", "F7", "activation left out",
         "Apply the activation after the sum: {a} is {right}, not {z}.", 2, forward.activation_missing),
    Slip("activation-missing", "F7", "softmax left out",
         "Apply the softmax after the sum: {a} is {right}, not {z}.", 2, forward.activation_missing_softmax),
    Slip("wrong-exponent-sign", "F8", "wrong sign in the exponent",
         "The exponent is −{z}; with +{z} you get 1 − {a}.", 1, forward.wrong_exponent_sign),
    Slip("wrong-exponent-sign", "F8", "wrong sign in the argument of tanh",
         "The argument of tanh is {z}, without a minus sign: {a} has the sign of {z}.", 1, forward.tanh_argument_sign),
    Slip("wrong-exponent-sign", "F8", "wrong sign in the exponents of the softmax",
         "The softmax takes e^{z}, without a minus sign.", 1, forward.softmax_exponent_sign),
    Slip("tanh-for-sigmoid", "F9", "tanh for the sigmoid",
         "That is tanh({z}); this network uses the sigmoid for {a}.", 1, forward.tanh_for_sigmoid),
    Slip("sigmoid-for-tanh", "sigmoid-for-tanh", "the sigmoid for tanh",
         "That is the sigmoid of {z}; this network uses tanh for {a}.", 1, forward.sigmoid_for_tanh),
    Slip("slope-for-activation", "F10", "the slope for the activation",
         "That is the slope; the forward pass needs {a} = {right} itself.", 1, forward.slope_for_activation),
    Slip("reciprocal-missing", "F11", "the reciprocal left out",
         "Take the reciprocal last: {a} is 1 divided by that.", 1, forward.reciprocal_missing),
    Slip("softmax-not-normalised", "X3", "softmax not divided by its sum",
         "Divide by the sum {sum}.", 1, forward.softmax_not_normalised),
    Slip("softmax-without-exp", "X8", "softmax without the exponential",
         "Exponentiate first: {p} is e^{z} divided by {sum}.", 1, forward.softmax_without_exp),
    Slip("sigmoid-for-softmax", "X9", "a sigmoid for each logit",
         "{p} and the other outputs share one denominator, {sum}.", 1, forward.sigmoid_for_softmax),
    # ------------------------------------------------------------ the loss
    Slip("half-missing", "L1", "the ½ left out",
         "The ½ of {loss} is missing.", 3, forward.half_missing),
    Slip("half-added", "half-or-two", "a ½ too many",
         "{loss} has no ½.", 0.5, forward.half_added),
    Slip("mean-for-sum", "L2", "the mean for the sum",
         "{loss} sums over the {pieces}; it is no mean.", 1, forward.mean_for_sum),
    Slip("output-missing-from-loss", "L3", "one output left out of the loss",
         "Add {others} to {loss} as well.", 1, forward.output_missing_from_loss),
    Slip("square-of-sum", "L4", "the errors added before squaring",
         "In {loss}, square each error before adding.", 1, forward.square_of_sum),
    Slip("log-base-ten", "X4", "the logarithm to base 10",
         "{loss} uses the natural logarithm.", 1, forward.log_base_ten),
    Slip("log-loss-sign", "X12", "the minus sign of a cross entropy left out",
         "The logarithms are negative; the minus sign in front makes {loss} positive.", 1, forward.log_loss_sign),
    Slip("binary-loss-per-class", "X14", "a binary loss for every class",
         "In {loss} only the logarithm of the target's output enters; the other classes add nothing.", 1,
         forward.binary_loss_per_class),
    Slip("batch-sum-for-mean", "X7", "the samples summed instead of averaged",
         "{loss} is a mean: divide by the {number} samples.", 1, forward.batch_sum_for_mean),
    # ------------------------------------------------------------ δ: the loss's slope and the output's
    Slip("error-sign", "D1", "the sign of the error",
         "The inner derivative is −1: ∂{loss}/∂{o} is {right}.", 4, slopes.error_sign),
    Slip("slope-missing", "D2", "the slope left out",
         "Multiply by {slope}, the slope of {neuron}.", 4, slopes.slope_missing),
    Slip("slope-missing", "D2", "the slope of the softmax left out",
         "Multiply by the slopes of the softmax, {slope} for {p} itself.", 4, slopes.softmax_slope_missing),
    Slip("activation-for-slope", "D3", "the activation for its slope",
         "The slope of {neuron} is {slope}, not {a}.", 4, slopes.activation_for_slope),
    Slip("activation-for-slope", "D3", "the softmax output for its slope",
         "The slope of {p} is {slope}, not {p}.", 1, slopes.softmax_activation_for_slope),
    Slip("half-of-slope", "D4", "one half of the slope",
         "You kept one factor of the slope {slope}.", 1, slopes.half_of_slope),
    Slip("half-of-slope", "D4", "one half of the softmax's slope",
         "You kept one factor of the slope {slope}.", 1, slopes.softmax_half_of_slope),
    Slip("factor-two-kept", "D5", "the 2 of the square kept",
         "The 2 of the square cancels the ½: ∂{loss}/∂{o} is {right}.", 2, slopes.factor_two_kept),
    Slip("factor-two-missing", "half-or-two", "the 2 of the square left out",
         "There is no ½ to cancel the 2 of the square: ∂{loss}/∂{o} is {right}.", 2, slopes.factor_two_missing),
    Slip("sigmoid-twice", "D6", "the sigmoid applied twice",
         "{a} is already the sigmoid of {z}: its slope is {slope}.", 1, slopes.sigmoid_twice),
    Slip("slope-of-preactivation", "D7", "the sum put into the slope",
         "Put the activation {a}, not {z}, into the slope: {slope}.", 1, slopes.slope_of_preactivation),
    Slip("tanh-slope", "D8", "the slope of tanh for the sigmoid's",
         "1 − {a}² is the slope of tanh; the sigmoid's is {slope}.", 1, slopes.tanh_slope),
    Slip("loss-for-its-slope", "D9", "the loss for its slope",
         "Multiply by the slope of {loss}, {right}, not by the loss itself.", 1, slopes.loss_for_its_slope),
    Slip("bracket-missing", "D10", "a bracket left out",
         "Bracket ({a} − {t}) before you multiply by {slope}.", 1, slopes.bracket_missing),
    Slip("loss-factor-missing", "D11", "the factor of the loss left out",
         "The factor {factor} is missing.", 1, slopes.loss_factor_missing),
    Slip("hidden-slope-missing", "H8", "the hidden slope left out",
         "Multiply by {slope}, the slope of {neuron}.", 4, slopes.hidden_slope_missing),
    Slip("hidden-activation-for-slope", "H9", "the activation for the hidden slope",
         "The slope of {neuron} is {slope}, not {a}.", 4, slopes.hidden_activation_for_slope),
    Slip("other-neurons-slope", "H10", "another neuron's slope",
         "Use {slope}, the slope of {neuron} itself, not of {other}.", 1, slopes.other_neurons_slope),
    # ------------------------------------------------------------ relu and tanh
    Slip("relu-slope-is-z", "X5", "relu's value for its slope",
         "The slope of relu at {z} is 1 above 0 and 0 below; it is not {z}.", 1, slopes.relu_slope_is_z),
    Slip("live-relu-blocked", "X22", "a live relu blocked",
         "Where {z} is positive, relu lets the gradient through.", 1, slopes.live_relu_blocked),
    Slip("dead-relu-passes", "X23", "a dead relu lets the gradient through",
         "Where {z} is negative, relu stops the gradient.", 1, slopes.dead_relu_passes),
    Slip("tanh-not-squared", "X24", "the square in tanh's slope left out",
         "Square it: the slope of {neuron} is {slope}.", 1, slopes.tanh_not_squared),
    Slip("sigmoid-slope-for-tanh", "X25", "the sigmoid's slope for tanh's",
         "{a}·(1 − {a}) is the sigmoid's slope; the slope of tanh is {slope}.", 1, slopes.sigmoid_slope_for_tanh),
    Slip("tanh-twice", "X27", "tanh applied twice",
         "{a} is already tanh({z}): its slope is {slope}.", 1, slopes.tanh_twice),
    # ------------------------------------------------------------ cross entropies
    Slip("softmax-cross-terms", "X1", "the cross terms of the softmax dropped",
         "Every output depends on {z}: the slope of {other} by {z} is −{other}·{p}{likewise}.", 3,
         slopes.softmax_cross_terms),
    Slip("softmax-slope-twice", "X2", "the softmax's slope twice",
         "The slope of the softmax is already inside {p} − {y}.", 1, slopes.softmax_slope_twice),
    Slip("softmax-cross-sign", "X15", "the sign of a cross term",
         "Raising {z} lowers the other outputs: the cross terms are negative.", 1, slopes.softmax_cross_sign),
    Slip("softmax-off-diagonal", "X16", "the diagonal's rule off the diagonal",
         "The slope of {other} by {z} is −{other}·{p}{likewise}; the 1 stands in the slope of {p} only.", 1,
         slopes.softmax_off_diagonal),
    Slip("target-minus-output", "X18", "target minus output",
         "It is {p} − {y}, not {y} − {p}.", 1, slopes.softmax_target_minus_output),
    Slip("target-minus-output", "X18", "target minus output",
         "It is {p} − {y}, not {y} − {p}.", 1, slopes.target_minus_output),
    Slip("minus-one-for-every-class", "X21", "1 subtracted for every class",
         "Subtract 1 only for the target's class; here it is {y}.", 1, slopes.minus_one_for_every_class),
    Slip("sigmoid-slope-kept", "X29", "the sigmoid's slope kept under cross entropy",
         "Cross entropy cancels the slope {slope}: {p} − {y} is all.", 1, slopes.sigmoid_slope_kept),
    Slip("output-derivative-for-logit", "X30", "the output's derivative for the logit's",
         "That is the derivative by {p}; multiply by its slope {slope}.", 1, slopes.output_derivative_for_logit),
    Slip("output-derivative-for-logit", "X30", "the output's derivative for the logit's",
         "That is the derivative by {p}; the softmax's slopes turn it into the one by {z}.", 1,
         slopes.softmax_output_derivative),
    # ------------------------------------------------------------ weights
    Slip("other-activation", "G1", "another activation",
         "Use {source}, the value where {w} starts, not {other}.", 2, sums.other_activation),
    Slip("preactivation-for-activation", "G2", "the sum for the activation",
         "{w} multiplied {source}, not {z}.", 1, sums.preactivation_for_activation),
    Slip("weight-for-activation", "G3", "the weight for the activation",
         "In {unit}, {w} multiplies {source}: the derivative by {w} is {source}, not {w}.", 1,
         sums.weight_for_activation),
    Slip("activation-missing-from-gradient", "G4", "the incoming activation left out",
         "Multiply by {source}, which {w} multiplied.", 2, sums.activation_missing_from_gradient),
    Slip("factors-added", "G5", "the factors of the chain added",
         "The factors of a chain multiply: {factors}.", 0.3, sums.factors_added),
    Slip("factor-twice", "G6", "a factor twice",
         "Each link of the chain {chain} appears once; {factor} stands twice.", 1, sums.factor_twice),
    Slip("factor-twice", "G6", "a factor twice",
         "Each link of the chain {chain} appears once; {factor} stands twice.", 1, sums.factor_twice_by_source),
    Slip("other-delta", "G7", "another neuron's δ",
         "Use {delta}, where {w} ends, not {wrong}.", 1, sums.other_delta),
    Slip("term-for-derivative", "G8", "the term for its derivative",
         "{term} is the term; its derivative by {by} is {rest}.", 1, sums.term_for_derivative),
    Slip("term-for-derivative", "G8", "the term for its derivative",
         "{term} is the term; its derivative by {by} is {rest}.", 1, sums.term_for_derivative_by_source),
    Slip("shared-weight-last-use", "X6", "one use of a shared weight",
         "{w} is used {count} times: add the gradient over every use, not only {unit}.", 1,
         sums.shared_weight_last_use),
    Slip("shared-weight-last-use", "X6", "one sample of a bias",
         "{w} is used {count} times: add the gradient over every use, not only {unit}.", 1,
         sums.shared_bias_one_sample),
    # ------------------------------------------------------------ biases
    Slip("shared-bias-one-use", "B1", "one use of a shared bias",
         "{w} is the bias of {count} neurons: add what it does in each, not only in {unit}.", 1,
         sums.shared_bias_one_use),
    Slip("bias-derivative-not-one", "B2", "a factor after the bias",
         "{b} is added in {unit} without a factor: the derivative of {unit} by {b} is 1.", 1,
         sums.bias_derivative_not_one),
    # ------------------------------------------------------------ paths that meet
    Slip("one-path-only", "H1", "one path only",
         "{h} reaches {of} through {units}: add all {count} paths.", 4, sums.one_path_only),
    Slip("one-path-only", "H1", "one of several ways only",
         "{h} reaches {of} through {units}: add all {count} paths.", 2, branches.one_branch_only),
    Slip("taken-as-constant", "taken-as-constant", "the mean or the variance taken as constant",
         "{others} {depend} on {z} too: add the paths through {them}.", 3, branches.taken_as_constant),
    Slip("one-part-of-loss", "one-part-of-loss", "one part of the loss only",
         "{by} changes {others} as well: add the derivatives of all parts of the loss.", 1,
         branches.one_part_of_the_loss),
    Slip("transposed-weights", "H2", "the transposed weights",
         "Going back uses the weights that leave {h}: {weights}.", 1, sums.transposed_weights),
    Slip("weights-swapped", "F4", "another source's weight on the way back",
         "Each weight belongs to its own input: {one}, while {two} is another.", 1, sums.weights_swapped_back),
    Slip("updated-weights-used", "H3", "weights after the update",
         "Use the weights from before the update: {weights}.", 3, sums.updated_weights_used),
    Slip("paths-averaged", "H4", "paths averaged",
         "Paths add: {right}; they are not averaged.", 1, sums.paths_averaged),
    Slip("path-weights-missing", "H5", "the weights of the paths left out",
         "Multiply each path by its own weight: {right}.", 1, sums.path_weights_missing),
    Slip("output-slope-missing", "H6", "the output slopes left out",
         "The slope of each output is missing: {right}.", 1, sums.output_slope_missing),
    Slip("paths-subtracted", "H7", "paths subtracted",
         "Each path carries its own sign; add them: {right}.", 1, sums.paths_subtracted),
    Slip("activation-for-weight", "activation-for-weight", "the activation for the weight",
         "The derivative by {h} leaves the weight ({weights}), not {h}.", 1, sums.activation_for_weight),
    Slip("batch-sum-for-mean", "X7", "the samples' gradients summed instead of averaged",
         "{loss} is a mean: divide by the {number} samples.", 1, sums.batch_gradient_summed),
    # ------------------------------------------------------------ the update
    Slip("ascent", "U1", "ascent",
         "Descent subtracts: {w} − {step}.", 3, updates.ascent),
    Slip("rate-missing", "U2", "the rate left out",
         "Multiply {slope} by the learning rate η.", 3, updates.rate_missing),
    Slip("step-for-weight", "U3", "the step for the weight",
         "That is the step alone; the new value is {w} − {step}.", 1, updates.step_for_weight),
    Slip("rate-times-weight", "U4", "the rate on the weight",
         "η multiplies {slope}, not {w}.", 1, updates.rate_times_weight),
    Slip("step-scales-weight", "U5", "the weight scaled by the step",
         "The step does not scale with {w}: subtract {step}.", 0.3, updates.step_scales_weight),
    Slip("old-weight", "old-for-new", "the old weight for the new one",
         "That is {w} before the update; subtract {step}.", 0.5, updates.old_weight),
    Slip("ascent", "U1", "the sign of the step",
         "The step is added: {right}.", 3, rule_steps.step_sign),
    Slip("plain-step", "plain-step", "plain descent where the rule takes another step",
         "That is plain descent, η·{gradient}; the update rule here takes another step.", 2, updates.plain_step),
    # ------------------------------------------------------------ an update rule of its own
    Slip("rate-missing", "U2", "the rate left out",
         "Multiply by the learning rate η: {right}.", 3, rule_steps.rate_missing),
    Slip("correction-missing", "correction-missing", "the bias correction left out",
         "The bias correction is left out: {corrected}.", 3, rule_steps.correction_missing),
    Slip("correction-power-missing", "correction-power-missing", "the power left out of the bias correction",
         "The bias correction has the power t, the number of the step: {right}.", 2, rule_steps.power_missing),
    Slip("memory-missing", "memory-missing", "what the step before has left forgotten",
         "{old} of the step before is left out: {right}.", 3, rule_steps.memory_missing),
    Slip("square-missing", "square-missing", "the square left out",
         "Square {inner}: {right}.", 2, rule_steps.square_missing),
    Slip("root-missing", "root-missing", "the root left out",
         "Take the root of {inner}: {right}.", 2, rule_steps.root_missing),
    Slip("share-missing", "share-missing", "the factor 1 − β left out",
         "The new part counts by its share {piece} only: {right}.", 2, rule_steps.share_missing),
    Slip("shares-exchanged", "shares-exchanged", "β and 1 − β exchanged",
         "{constant} belongs to what the step before has left, 1 − {constant} to the new part: {right}.", 2,
         rule_steps.shares_exchanged),
    Slip("small-constant-missing", "small-constant-missing", "the small constant left out",
         "Add {piece} as well: {right}.", 0.5, rule_steps.small_constant_missing),
)
# fmt: on


def row(code: str) -> Slip:
    """The first row of this code; KeyError where there is none."""
    return _BY_CODE[code]


_BY_CODE: Mapping[str, Slip] = {slip.code: slip for slip in reversed(SLIPS)}


def variants(network: Network, subject: Subject, later: bool = False) -> tuple[Variant, ...]:
    """Every slip that changes this quantity, its own first, then those carried into it from the step before.

    `later`: after the first update step, where what an update rule has left by then takes part.
    """
    key = ("variants", subject, later)
    if key not in network.memo:
        network.memo[key] = tuple(
            Variant(found.code, found.formula, found.right, found.sentence(), found.prior)
            for found in _in_step(network, subject, later)
        )
    return network.memo[key]  # type: ignore[return-value]


def _in_step(network: Network, subject: Subject, later: bool) -> Iterator[_Candidate]:
    """The slips of the first step, or of a later one: by the rule's own names where it has any."""
    all_found, line, points = _found(network, subject), rule_steps.line_of(network, subject), points_of(network)
    written_out = {found.code for found in all_found if found.right != line}
    for found in all_found:
        if line is None or (later and found.right == line) or (not later and found.right != line):
            yield found
        elif not later and found.code not in written_out:
            wrong, right = (points.values(rule_steps.at_start(network, one)) for one in (found.formula, line))
            if points.equal(wrong, right) is False:  # what makes no difference yet is no slip
                yield found


# ---------------------------------------------------------------- trying the rows on a quantity
class _Candidate(Struct, frozen=True):
    """A wrong formula before it is compared with the right one; `depth` counts the steps that it was carried."""

    code: str
    formula: Expression
    right: Expression
    sentence: Callable[[], str]
    prior: float
    depth: int = 0


def _found(network: Network, subject: Subject) -> tuple[_Candidate, ...]:
    """What is left of all candidates: wrong at generic points, and each different from the ones before it."""
    key = ("slips", subject)
    if key not in network.memo:
        network.memo[key] = ()  # a quantity is never part of its own history
        network.memo[key] = _different(network, subject)
    return network.memo[key]  # type: ignore[return-value]


def _different(network: Network, subject: Subject) -> tuple[_Candidate, ...]:
    points = points_of(network)
    truth = points.truth(subject)
    line = rule_steps.line_of(network, subject)
    own = sorted(_own(network, subject), key=lambda c: -c.prior)
    carried = sorted(_carried(network, subject), key=lambda c: (c.depth, -c.prior))
    sound: dict[Expression, bool] = {}
    kept: list[tuple[_Candidate, tuple[float, ...]]] = []
    for candidate in [*own, *carried]:
        if size(candidate.formula) > LONG:
            continue
        if candidate.right not in sound:
            sound[candidate.right] = points.equal(points.values(candidate.right), truth) is True
        # an update rule's line holds for whatever the steps before have left
        right = points.values(line) if line is not None and candidate.right == line else truth
        values = points.values(candidate.formula)
        if not (sound[candidate.right] or right is not truth) or points.equal(values, right) is not False:
            continue
        same = next((at for at, (_, other) in enumerate(kept) if points.equal(values, other)), None)
        if same is None:
            kept.append((candidate, values))
        elif kept[same][0].prior < candidate.prior:
            kept[same] = replace(kept[same][0], prior=candidate.prior), values
    return tuple(candidate for candidate, _ in kept)


def _own(network: Network, subject: Subject) -> Iterator[_Candidate]:
    """The slips at the quantity's own last step."""
    for slip in SLIPS:
        for draft in slip.rewrite(network, subject):
            sentence = partial(_filled, slip.sentence, draft)
            yield _Candidate(slip.code, draft.formula, draft.right, sentence, slip.prior * draft.share)


def _filled(sentence: str, draft: Draft) -> str:
    return sentence.format(**{k: v if isinstance(v, str) else to_text(v) for k, v in draft.words.items()})


def _carried(network: Network, subject: Subject) -> Iterator[_Candidate]:
    """The slips of the step before, carried into a derivative that is written in one line.

    Where several steps come before (paths that meet), the same slip is made in each of them.
    """
    if not isinstance(subject, Gradient):
        return
    of, by = subject.of, subject.by
    users = network.uses(by, of)
    if not users or users == (of,) or len(users) > MOST_PATHS:
        return
    before = [_numbered(network, of, user) for user in users]
    same_step = len(users) == 1 and network.unit(users[0]) is None and not network.is_hidden(users[0])
    share = 1.0 if same_step else CARRIED
    for key in dict.fromkeys(key for found in before for key in found):
        chosen = [found.get(key) for found in before]
        first = next(candidate for candidate in chosen if candidate is not None)
        if first.depth >= DEEPEST:
            continue
        wrong, right = [], []
        for user, candidate in zip(users, chosen, strict=True):
            above = network.derivative(of, user)
            local = network.local(user, by)
            wrong.append(times(candidate.formula if candidate else above, local))
            right.append(times(candidate.right if candidate else above, local))
        named = [(c, network.graph.name(user)) for user, c in zip(users, chosen, strict=True) if c is not None]
        yield _Candidate(
            first.code, plus(*wrong), plus(*right), partial(_in_each, named), first.prior * share,
            first.depth + (not same_step),
        )  # fmt: skip


def _in_each(candidates: Sequence[tuple[_Candidate, str]]) -> str:
    """The sentence of a slip made in several steps, each by the name of its quantity: the first, and where else."""
    first = candidates[0][0].sentence()
    others = [name for candidate, name in candidates[1:] if candidate.sentence() != first]
    return f"{first} {ALSO} {listed(others)}." if others and ALSO not in first else first


def _numbered(network: Network, of: int, user: int) -> dict[tuple[str, int], _Candidate]:
    """A derivative's slips by their code and their number within it."""
    counts: dict[str, int] = {}
    found: dict[tuple[str, int], _Candidate] = {}
    for candidate in _found(network, Gradient(of, user)) if user != of else ():
        counts[candidate.code] = counts.get(candidate.code, 0) + 1
        found[candidate.code, counts[candidate.code]] = candidate
    return found
