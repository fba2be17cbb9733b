"""A judgement made by hand, with a line of every mark: what the reports are tested on, whatever the judge decides."""

from __future__ import annotations

from functools import cache

from backprop_tutor.engine.build import build
from backprop_tutor.formulas.expression import Expression
from backprop_tutor.formulas.parse import parse
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.claims import Claim, Explanation, Judgement, LinkKind, LinkVerdict, Mark, Verdict
from backprop_tutor.handwork.quantities import Vocabulary
from backprop_tutor.scenario import loading as scenario

NAME = "two_sigmoid_outputs"
TEXT = """\
# A hand calculation

## Forward

- h1 = i1*w11 + i2*w12 + b1 = 0.05*0.15 + 0.1*0.12 + 0.35 = 0.3695  @7 @9
a_h1 = 1/(1 + e^(-h1)) = 0.591  @13
a_h2 = 1/(1 + e^(-h2)) = 0.596  @17
o1 = a_h1*w21 + a_h2*w22 + b1  @69
loss_1 = 1/2*(0.01 - 0.75)^2 = 0.274
h2 = i1*w13 + i2*w14 + b1 = 0.3925  @15

## Backward

δ_o1 = (a_o1 - target_o1)*a_h1*(1 - a_h1) = 0.179  @79
δ_o2 = (a_o2 - target_o2)*a_h2*(1 - a_h2) = -0.0523  @80
∂Loss/∂w21 = ∂Loss/∂a_o1 * ∂a_o1/∂o1 * ∂o1/∂w21 = (0.751 - 0.01) * 0.751 * (1 - 0.751) * 0.591 = 0.106  @81
∂Loss/∂w11 = (∂Loss/∂o1 * 0.4 +  @95
w = sum(δ_i*w_i)  @121
∂L1/∂a_o1 = -(a_o1 - target_o1)  @57
w22' = 0.410
"""


@cache
def vocabulary() -> Vocabulary:
    return Vocabulary(build(scenario.load(NAME)))


def judgement(path: str = "answers.md") -> Judgement:
    """The judgement of `TEXT`."""
    sheet = handwork.read(TEXT, vocabulary(), path)
    claims = {claim.line: claim for claim in sheet.claims}
    right = LinkVerdict("formula", "h1", "i1*w11 + i2*w12 + b1", "right", "identity")
    verdicts = (
        _verdict(
            claims[5], "h1", "wrong", "miscopied-operand", "0.12 stands where w12 = 0.2 belongs", 0.12, 0.2,
            (
                right,
                _link(claims[5], "substitution", "0.12", "miscopied-operand", "0.12 stands where w12 = 0.2 belongs",
                      0.12, 0.2),
                _link(claims[5], "value", "0.3695", "wrong", "should be 0.3775", 0.3695, 0.3775),
            ),
        ),
        _verdict(claims[6], "a_h1", "follows", "carried", "follows from line 5", 0.591, 0.593269992, follows=(5,)),
        _verdict(claims[7], "a_h2", "close", "truncated", "cut off, not rounded: 0.596884", 0.596, 0.596884378259767),
        _verdict(
            claims[8], "o1", "wrong", "miscopied-operand", "b1 stands where b2 belongs", 0.855906, 1.105906,
            (_link(claims[8], "formula", "a_h1*w21 + a_h2*w22 + b1", "miscopied-operand",
                   "b1 stands where b2 belongs"),),
            causes=(
                _cause("miscopied-operand", "b1 stands where b2 belongs", 1.0, 0.855906, (8,),
                       "a_h1*w21 + a_h2*w22 + b1", "a_h1*w21 + a_h2*w22 + b2"),
            ),
        ),
        _verdict(claims[9], "L1", "notation", "renamed", "'loss_1' is read as L1", 0.274, 0.274811083),
        _verdict(claims[10], "h2", "right", "rounded", "", 0.3925, 0.3925),
        _verdict(
            claims[14], "∂Loss/∂o1", "wrong", "activation-for-slope", "The slope is a_o1·(1 − a_o1).", 0.179,
            0.138498562,
            (_link(claims[14], "formula", "(a_o1 - target_o1)*a_h1*(1 - a_h1)", "activation-for-slope",
                   "The slope is a_o1·(1 − a_o1).", 0.178892, 0.138498562),),
            causes=(
                _cause("activation-for-slope", "The slope is a_o1·(1 − a_o1).", 0.93, 0.178892, (14, 15),
                       "(a_o1 - target_o1)*a_h1*(1 - a_h1)", "(a_o1 - target_o1)*a_o1*(1 - a_o1)"),
            ),
        ),
        _verdict(claims[15], "∂Loss/∂o2", "wrong", "activation-for-slope", "The slope is a_o2·(1 − a_o2).", -0.0523,
                 -0.0381),
        _verdict(claims[16], "∂Loss/∂w21", "follows", "carried", "follows from line 14", 0.106, 0.0821670405642308,
                 follows=(14,)),
        _verdict(claims[17], None, "unread", "unreadable", "", None, None),
        _verdict(claims[18], None, "unknown", "not-checkable", "'w', 'δ_i' means nothing in this scenario", None, None),
        _verdict(claims[19], "∂L1/∂a_o1", "convention", "convention-sign", "you write gradients with the opposite sign",
                 None, 0.741365),
        _verdict(
            claims[20], "w22'", "wrong", "wrong", "should be 0.408666", 0.41, 0.4086661860762334,
            (_link(claims[20], "value", "0.410", "wrong", "should be 0.408666", 0.41, 0.4086661860762334),),
            causes=(
                _cause("rate-missing", "Multiply the gradient by η.", 0.45, 0.4102, (20,), "w22 - g", "w22 - rate*g"),
                _cause("one-digit", "one digit is another", 0.4, 0.41, (20,)),
            ),
        ),
    )  # fmt: skip
    return Judgement(sheet, NAME, verdicts, ((14, "a_o1 is a sigmoid: it is between 0 and 1"),))


def _verdict(
    claim: Claim, quantity: str | None, mark: Mark, code: str, message: str, stated: float | None,
    expected: float | None, links: tuple[LinkVerdict, ...] = (), follows: tuple[int, ...] = (),
    causes: tuple[Explanation, ...] = (),
) -> Verdict:  # fmt: skip
    if claim.unreadable is not None:
        message = claim.unreadable.message
    return Verdict(claim, quantity, mark, code, message, stated, expected, links, follows, causes)


def _link(
    claim: Claim, kind: LinkKind, right: str, code: str, message: str, stated: float | None = None,
    expected: float | None = None,
) -> LinkVerdict:  # fmt: skip
    assert claim.where.source is not None
    start = claim.where.source.index(right)
    left = claim.parts[0].text
    return LinkVerdict(kind, left, right, "wrong", code, message, stated, expected, start, start + len(right))


def _cause(
    code: str, message: str, confidence: float, value: float, lines: tuple[int, ...], formula: str = "", right: str = ""
) -> Explanation:
    def read(text: str) -> Expression | None:
        return parse(text) if text else None

    return Explanation(code, message, lines, confidence, read(formula), read(right), value)
