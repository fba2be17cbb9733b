"""How people name what a scenario has other names for: weights after a step, gradients, the loss, activations.

    w5'  w5_new  w5^+  w5(t+1)  new w5  ŵ5         the weight after the update
    w5_old  w5(t)  old w5                          the weight before it
    dw5  grad_w5  ∇w5  dE_dw5  dEdw5               the gradient of the loss by w5
    E  L  J  C  Loss  Error  total cost            the loss
    f(net_h1)  f'(net_h1)  E(w5)                   an activation, its slope, the loss as a function

Only spellings are looked at here; which of these names a scenario knows is for `quantities.py` to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ..formulas.notation import folded

_AFTER = r"new|neu\w{0,2}|updated?|upd|after|next|nachher"
_BEFORE = r"old|alt\w{0,2}|before|prev|previous|current|initial|vorher"
_FIRST_AFTER = r"new|neu\w{0,2}|updated"  # these stand before a name, too
_FIRST_BEFORE = r"old|alt\w{0,2}|initial|original"
_UPDATED = (
    re.compile(rf"(?P<name>.+?)(?:'|\^?⁺|\^?\+|\*|_?[(,^]*(?:{_AFTER})\)*)", re.IGNORECASE),
    re.compile(r"(?P<name>.+?)\^?_?\{?\(?t\+1\)?\}?"),
    re.compile(rf"(?:{_FIRST_AFTER})[\s_-]*(?P<name>.+)", re.IGNORECASE),
)
_ORIGINAL = (
    re.compile(rf"(?P<name>.+?)(?:_?[(,^]*(?:{_BEFORE})\)*)", re.IGNORECASE),
    re.compile(r"(?P<name>.+?)(?:\^?\(t\)|_t|_\{t\}|\^t)"),
    re.compile(rf"(?:{_FIRST_BEFORE})[\s_-]*(?P<name>.+)", re.IGNORECASE),
)
_STEP = re.compile(r"(?P<name>.+?)\^?\((?P<step>[01])\)")  # w7(0) before and w7(1) after the first step
_HATTED = re.compile(r"(?P<letter>[^\W\d_])\u0302(?P<rest>.*)")
_VARIANCE = re.compile(r"(?:σ|sigma)(?P<index>_?\{?\w*?\}?)(?:²|\^\{?2\}?)", re.IGNORECASE)
_SMALL = ("eps", "epsilon", "ε")
_VARIANCES = ("sigma2", "sigmasq", "sigmasquared", "var", "variance")
# spellings that the reader of formulas has to see as one name; `w5+` only at an end, since `w5+b` is a sum
TIMED = re.compile(r"\s*[^\W\d]\w*\^?\(\d\)\s*")
SUFFIX = re.compile(
    rf"[^\W\d](?:\w|_\{{[^{{}}]*\}}|')*\^?(?:\(?(?:{_AFTER}|{_BEFORE}|t\+1|t-1|t|\d)\)?|[(\[]\d[)\]]|,(?:new|old)|⁺|_?t\+1)"
    r"|[^\W\d](?:\w|_\{[^{}]*\}|')*\^\+",
    re.IGNORECASE,
)
LAST = re.compile(r"[^\W\d](?:\w|_\{[^{}]*\})*[+*]")
# `w5 new = ...`, `w5 (new) = ...`
BEHIND = re.compile(
    rf"(?P<name>[^\W\d](?:\w|_\{{[^{{}}]*\}})*)\s+\(?(?P<mark>{_FIRST_AFTER}|{_FIRST_BEFORE})\)?(?=\s*:?=)",
    re.IGNORECASE,
)
PREFIX = re.compile(rf"(?:{_FIRST_AFTER}|{_FIRST_BEFORE}|grad(?:ient)?|delta)", re.IGNORECASE)

_SAMPLES = (
    re.compile(r"(?P<name>.+?)\^[({\[]+(?P<number>\d{1,4})[)}\]]+"),
    re.compile(r"(?P<name>.+?)(?:\[(?P<number>\d{1,4})\])"),
    re.compile(r"(?P<name>.+?)_\{?(?P<number>\d{1,4})\}?"),
    re.compile(r"(?P<name>.*\D)(?P<number>\d{1,4})"),
)
_LOSS_LETTERS = frozenset("ELJC")
_LOSS_WORDS = re.compile(
    r"(?:the)?(?:total|overall|sum)?(?:loss|error|cost|objective)(?:total|tot|sum|function)?|[eljc](?:total|tot|ges|gesamt)",
    re.IGNORECASE,
)
_GRADIENT_OF = re.compile(r"(?:grad(?:ient)?(?:of)?|nabla|∇)[\s_(]*(?P<by>.+?)\)?", re.IGNORECASE)
_APPLIED = re.compile(r"(?P<function>[^\W\d]\w*)(?P<primes>'*)\((?P<argument>.+)\)")
# letters that stand for whatever activation function the network has
_ANY_ACTIVATION = frozenset(("f", "g", "φ", "ϕ", "phi", "σ", "sigma", "act", "activation"))


def updated(spelling: str, timed: bool = False) -> Iterator[str]:
    """The names whose value after the update a spelling may be; `timed` reads (1) as after the first step."""
    spelling = _unbraced(spelling)
    for pattern in _UPDATED:
        if match := pattern.fullmatch(spelling):
            yield match["name"]
    if hat := _HATTED.fullmatch(unicodedata.normalize("NFD", spelling)):
        yield hat["letter"] + hat["rest"]
    if timed and (step := _STEP.fullmatch(spelling)) and step["step"] == "1":
        yield step["name"]


def original(spelling: str, timed: bool = False) -> Iterator[str]:
    """The names whose value before the update a spelling may be."""
    spelling = _unbraced(spelling)
    for pattern in _ORIGINAL:
        if match := pattern.fullmatch(spelling):
            yield match["name"]
    if timed and (step := _STEP.fullmatch(spelling)) and step["step"] == "0":
        yield step["name"]


def _unbraced(spelling: str) -> str:
    """`w_{5(new)}` as w_5(new)."""
    return re.sub(r"[{}]", "", spelling) if "(" in spelling else spelling


def small_constants(spelling: str) -> Sequence[str]:
    """The names that ε may have."""
    return _SMALL if folded(spelling) in _SMALL else ()


def variances(spelling: str) -> Sequence[str]:
    """The names that `σ²` and `sigma_B^2` may have where a variance is a quantity of its own."""
    match = _VARIANCE.fullmatch(spelling)
    if match is None:
        return ()
    index = match["index"].strip("_{}")
    return [name for own in _VARIANCES for name in ((f"{own}{index}", own) if index else (own,))]


@lru_cache(maxsize=5000)
def is_loss(spelling: str) -> bool:
    """Does a spelling mean the loss, whatever the scenario calls it?"""
    plain = folded(spelling)
    return plain in _LOSS_LETTERS or _LOSS_WORDS.fullmatch(plain) is not None


def gradients(spelling: str) -> Iterator[tuple[str, str]]:
    """(of, by) of the derivatives that a spelling may be; `of` is empty for the loss."""
    if match := _GRADIENT_OF.fullmatch(spelling):
        by = match["by"].strip("_{} ")
        yield "", by
        first, _, last = by.rpartition(" ")
        if first and is_loss(last):  # ∇_{w2} E
            yield last, first.strip("_{} ")
    if spelling[:1] in "d∂" and len(spelling) > 1:
        yield "", spelling[1:]
        for at in range(2, len(spelling) - 1):  # dE_dw5, dEdw5
            if spelling[at] in "d∂":
                yield spelling[1:at].rstrip("_"), spelling[at + 1 :]


def application(spelling: str) -> tuple[str, int, str] | None:
    """(function, primes, argument) of `f'(net_h1)`."""
    match = _APPLIED.fullmatch(spelling)
    return (match["function"], len(match["primes"]), match["argument"].strip()) if match else None


def any_activation(function: str) -> bool:
    """Is a function's name one that people give to any activation function?"""
    return function in _ANY_ACTIVATION


def of_samples(spelling: str) -> Iterator[tuple[str, str]]:
    """(name, number) of the quantity of one sample that a spelling may be: `z1^(2)`, `h[2]`, `yhat_2`, `x2`."""
    for pattern in _SAMPLES:
        if match := pattern.fullmatch(spelling):
            yield match["name"], match["number"].lstrip("0") or "0"


def layered(spelling: str) -> Iterator[str]:
    """`W^(1)` as W1, `z_2^(1)` as z1[2], `a^[1]` as a1."""
    match = re.fullmatch(r"(?P<name>[^\W\d_]+)(?:_\{?(?P<index>\d+(?:,?\d+)?)\}?)?\^[(\[](?P<layer>\d)[)\]]", spelling)
    if match is None:
        return
    whole = match["name"] + match["layer"]
    if match["index"] is None:
        yield whole
        return
    index = match["index"] if "," in match["index"] else ",".join(match["index"])
    yield f"{whole}[{index}]"
