"""The words of a quiz, for every way of showing it: what is asked, what is said of an answer, how it went."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite

from ...engine.check import check_gradients
from ...formulas.digits import significant
from ...formulas.typeset import ASCII, UNICODE, Style, to_text
from ...handwork.quantities import Gradient, Subject, Value
from ...quiz.answers import FEWER_DIGITS, LAST_DIGIT
from ...quiz.attempts import State
from ...quiz.choosing import Asked
from ...quiz.fairness import as_asked
from ...quiz.names import Kind
from ...quiz.replies import Reply, sentence
from ...quiz.session import Ended
from ...quiz.skills import title_of
from ...quiz.types import Choice, Item
from ...slips.catalogue import row
from ...values import Struct

MARKS: Mapping[bool, Mapping[str, str]] = {
    False: {"right": "●", "helped": "◐", "wrong": "✗", "skipped": "·", "begun": "·", "open": "○"},
    True: {"right": "+", "helped": "/", "wrong": "x", "skipped": "-", "begun": "-", "open": "."},
}
_RIGHT = {
    "truncated": "Cut off and not rounded, though: it is {}.",
    "rounded-intermediates": "From your rounded numbers; without rounding it is {}.",
    "within-rounding": "As exact as rounded numbers allow; without rounding it is {}.",
    FEWER_DIGITS: "With all the digits asked for it is {}.",
    LAST_DIGIT: "But for the last digit: it is {}.",
}
_PEN = {
    "sign": "a wrong sign",
    "decimal-point": "a decimal point out of place",
    "one-digit": "a wrong digit",
    "swapped-digits": "two digits swapped",
    "arithmetic": "arithmetic",
    "operator": "a wrong sign between numbers",
    "miscopied-operand": "something miscopied",
    "term-missing": "a term left out",
    "factor-missing": "a factor left out",
    "half-or-two": "a factor of 2",
}
_MINUS = re.compile(r"(?<![\w)])-(?=[\d.])")
GUARD = 2  # digits more than asked for


def with_minus(text: str) -> str:
    """The text with a minus sign, and not a hyphen, before its numbers."""
    return _MINUS.sub("−", text)


def head_words(asked: Asked) -> str:
    """What a question is about, without giving it away."""
    about = "find the wrong line" if asked.question.kind == Kind.FIND else title_of(asked.question.skill)
    return f"{about}, {asked.source.note}" if asked.source.note else about


def told_words(asked: Asked, item: Choice) -> str:
    """The right option, and what there is to say of it."""
    right = item.options[item.right]
    if item.lines:
        return f"It is line {right.text}."
    if asked.question.sheet:
        return f"{item.prompt.rstrip('?')}: {right.text}. {sentence(right.why, asked.source.vocabulary)}"
    return f"It is {right.text}."


def asks(asked: Asked, style: Style) -> str:
    """The task in one sentence."""
    question = asked.question
    digits = f"to {question.digits} significant digits"
    item = question.items[0]
    match question.kind:
        case Kind.FACTOR:
            return f"Find the next factor of the chain, as a formula or as a number {digits}."
        case Kind.FORMULA:
            return f"Write {asked_name(item, style)} as a formula, in names."
        case Kind.EYE:
            return f"By eye, without calculating: about how large is {asked_name(item, style)}, and with which sign?"
        case Kind.FIND:
            return "One line of this calculation is wrong; the lines after it follow from it. Which one?"
        case Kind.DERIVATION:
            last = asked_name(question.items[-1], style)
            return (
                f"Work your way to {last}, line by line, {digits}. Each line is judged from your own lines before it."
            )
        case Kind.PATH | Kind.GRADIENT | Kind.ADJOINT if isinstance(question.subject, Gradient):
            return f"Find {asked_name(item, style)}, {digits}."
        case Kind.UPDATE if isinstance(item, Item) and item.subject is None:
            return f"Find {asked_name(item, style)}, the change of {_parameter(asked)} in one step, {digits}."
        case Kind.UPDATE:
            return f"Find {asked_name(item, style)}, the new value of {_parameter(asked)} after one step, {digits}."
        case _:
            return f"Find {asked_name(item, style)}, {digits}."


def _parameter(asked: Asked) -> str:
    node = getattr(asked.question.subject, "node", None)
    return "" if node is None else asked.source.graph.name(node)


def asked_name(item: Item | Choice, style: Style) -> str:
    """What is asked, as a piece of a formula."""
    if isinstance(item, Choice):
        return item.prompt if style is not ASCII else item.prompt.replace("∂", "d")
    return to_text(item.asked, style)


def prompt_name(item: Item | Choice, style: Style) -> str:
    """What stands before the learner's answer."""
    if isinstance(item, Choice):
        return "wrong line:" if item.lines else "a, b, c or d:"
    return "next factor:" if item.form == "factor" else f"{asked_name(item, style)} ="


def accepts(asked: Asked, item: Item | Choice) -> str:
    """The kind of answer that counts."""
    if isinstance(item, Choice):
        return "The number of a line." if item.lines else "A letter."
    if item.form == "formula":
        return "A formula in names."
    if item.form == "factor":
        return "A formula in names, or its number."
    if asked.question.kind == Kind.DERIVATION:
        return "On each line a number, or a calculation with the numbers put in."
    if any(known.formula is not None and known.subject == item.subject for known in asked.question.known):
        return "A number, or a calculation with the numbers put in."
    return "A number, a calculation or a formula."


class Instructions(Struct):
    """What may be typed: the keys once, the kind of answer whenever it is another one than before."""

    _kind: str = ""
    _keys: bool = False

    def words(self, asked: Asked, item: Item | Choice, letters: bool) -> str:
        """Empty where there is nothing new to say."""
        kind = accepts(asked, item)
        said = [kind] if kind != self._kind else []
        if not self._keys:
            skip, stop = ("s", "q") if letters else ("skip", "quit")
            said.append(f"? hint, = answer, {skip} skip, {stop} stop.")
        self._kind, self._keys = kind, True
        return " ".join(said)


def verdict_words(asked: Asked, item: Item | Choice, reply: Reply, last: bool) -> tuple[str, str]:
    """(the mark in a word or two, the sentence)"""
    if reply.outcome == "again":
        if reply.mark == "unread":
            said = reply.message[:1].upper() + reply.message[1:]
            column = f"Column {reply.start + 1}: " if reply.end else ""
            return "Not read.", f"{column}{said}" + (f"; {reply.help}." if reply.help else ".")
        return "Not counted.", reply.message
    if reply.outcome == "right":
        if reply.mark == "follows":
            return f"Right from your own {_lines_named(asked, reply)}.", ""
        return "Right.", _of_right(asked, item, reply)
    over = last or asked.question.kind == Kind.DERIVATION
    said = (reply.message if over else reply.first) or "Look again."
    comes_to = ""
    if isinstance(item, Item) and item.form != "formula" and reply.value is not None and isfinite(reply.value):
        comes_to = f"That comes to {significant(reply.value, item.digits)}. "
    return ("Not right." if over else "Not yet."), comes_to + said


def _of_right(asked: Asked, item: Item | Choice, reply: Reply) -> str:
    """What there is to say of a right answer."""
    if isinstance(item, Choice):
        return sentence(reply.message, asked.source.vocabulary) if reply.message else ""
    if reply.mark == "notation" and reply.message:
        return f"{reply.message}."
    if item.form == "formula":
        return ""
    number = f"{as_asked(item.value, item.digits):f}"
    if reply.code in _RIGHT:
        return _RIGHT[reply.code].format(number)
    return f"It comes to {number}{_by_difference(asked, item)}."


def _by_difference(asked: Asked, item: Item) -> str:
    """The other witness of a derivative."""
    if not isinstance(item.subject, Gradient):
        return ""
    [check] = check_gradients(asked.source.trace, [item.subject.by], objective=item.subject.of)
    if check.kink or not check.agrees:
        return ""
    return f"; a central difference gives {significant(check.difference, item.digits + GUARD, measured=True)}, too"


def _lines_named(asked: Asked, reply: Reply) -> str:
    """The quantities on the lines that an answer follows from."""
    numbers = [int(text) for text in re.findall(r"\d+", reply.message.partition(";")[0])]
    items = asked.question.items
    names = [asked_name(items[n - 1], UNICODE) for n in numbers if 0 < n <= len(items)]
    return " and ".join(names) or "lines"


# ---------------------------------------------------------------- where a number belongs
def connections(asked: Asked, ascii: bool) -> dict[Subject, str]:
    """For each weight from where to where it leads, for each bias where it enters: what a name alone doesn't tell."""
    arrow = "->" if ascii else "→"
    network, name = asked.source.network, asked.source.graph.name
    known = {one.subject for one in asked.question.known}
    found: dict[Subject, list[str]] = {}
    for node in asked.source.graph.nodes_of("computed"):
        unit = network.unit(node)
        if unit is None:
            continue
        for edge in unit.edges:
            if Value(edge.weight) in known:
                found.setdefault(Value(edge.weight), []).append(f"{name(edge.source)} {arrow} {name(node)}")
        for bias in unit.biases:
            if Value(bias.node) in known:
                found.setdefault(Value(bias.node), []).append(f"{arrow} {name(node)}")
    return {
        subject: ", ".join(texts[:3]) + (", and others" if len(texts) > 3 else "") for subject, texts in found.items()
    }


# ---------------------------------------------------------------- how it went
def counted(count: int, what: str) -> str:
    """`1 question`, `8 questions`"""
    return f"{count} {what}" + ("" if count == 1 else "s")


def score_words(ended: Sequence[Ended]) -> str:
    """`2 right at once, 1 with help`"""
    counts = Counter(one.how for one in ended)
    words = (
        ("right", "right at once"),
        ("helped", "with help"),
        ("wrong", "not right"),
        ("skipped", "skipped"),
        ("begun", "not finished"),
    )
    return ", ".join(f"{counts[how]} {text}" for how, text in words if counts[how]) or "nothing answered yet"


def kept_words(ended: Sequence[Ended], seed: str) -> str:
    return f"{score_words(ended)[:1].upper()}{score_words(ended)[1:]}; seed {seed}."


class Practise(Struct, frozen=True):
    """What to practise next: sentences, and the command for it."""

    sentences: tuple[str, ...]
    command: str


def practise(command: str, ended: Sequence[Ended], state: State, now: datetime) -> Practise:
    """The skills that went badly, the slips behind it, and the command to practise them."""
    bad = Counter(one.skill for one in ended if one.how in ("wrong", "helped"))
    asked = Counter(one.skill for one in ended)
    sentences = []
    if bad:
        worst = [code for code, _ in bad.most_common(3)]
        listed = ", ".join(f"{title_of(code)} ({bad[code]} of {asked[code]})" for code in worst)
        sentences.append(f"Practise: {listed}.")
        command = f"{command} --skill {worst[0]}"
    elif ended and all(one.how == "right" for one in ended):
        sentences.append("Nothing went wrong.")
    slips = Counter(slip for one in ended for slip in one.slips)
    if slips:
        sentences.append(
            "Slips: "
            + ", ".join(slip_name(code) + (f" ({n} times)" if n > 1 else "") for code, n in slips.most_common(4))
            + "."
        )
    due = [(s.card.due, s.code) for s in state.skills.values() if s.card is not None and s.code in asked]
    if due:
        date, code = min(due)
        sentences.append(f"Due next: {title_of(code)}, {when(date, now)}.")
    return Practise(tuple(sentences), command)


def slip_name(code: str) -> str:
    """A slip in a few words: the catalogue's, else its code spelt out."""
    try:
        return row(code).name
    except KeyError:
        return _PEN.get(code, code.replace("-", " "))


def when(due: datetime, now: datetime) -> str:
    """`now`, `tomorrow`, `in 11 days`"""
    days = (due.astimezone().date() - now.astimezone().date()).days
    if days <= 0:
        return "now"
    return "tomorrow" if days == 1 else f"in {days} days"
