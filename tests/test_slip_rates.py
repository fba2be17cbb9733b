"""How often the judge names a slip rightly, wrongly or not at all, by the digits stated (seeded; shown by -s).

People on random networks make one slip of the catalogue in one line and write its number to 2, 3 or 4 significant
digits, some with the numbers that they put in, some without; others write numbers that no slip explains, or copy one of
the numbers put in wrongly. Updated first-layer weights hardly move, so that they can't show a slip: there the judge
must say so.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from backprop_tutor.engine.graph import Graph
from backprop_tutor.engine.trace import run
from backprop_tutor.formulas.evaluate import evaluate
from backprop_tutor.formulas.expression import Derivative, Expression, Name, transform
from backprop_tutor.formulas.parse import parse
from backprop_tutor.formulas.typeset import ASCII, to_text
from backprop_tutor.handwork import plain_reader as handwork
from backprop_tutor.handwork.claims import Verdict
from backprop_tutor.handwork.quantities import RATE, Gradient, Subject, Updated, Value
from backprop_tutor.judging.judge import Judge
from backprop_tutor.judging.pen import AMONG_DIGITS, PEN_SLIPS
from backprop_tutor.lesson.steps import local_formula
from backprop_tutor.slips.catalogue import Variant, right_forms, variants
from tests.honest import random_network, written

NETWORKS = 36
EACH = 7  # quantities of one network
SHEETS = 24
DIGITS = (2, 3, 4)


def subjects(judge: Judge) -> list[Subject]:
    graph = judge.graph
    loss = graph.loss
    found: list[Subject] = [Value(node) for node in graph.nodes_of("computed")]
    nodes = graph.nodes_of("computed", "parameter")
    assert judge.trace is not None
    found += [Gradient(loss, node) for node in nodes if node != loss and judge.trace.path_count(node)]
    found += [Gradient(u, n) for n in graph.nodes_of("computed") for u in graph.users.get(n, ()) if u != loss]
    return found


def judges(count: int, seed: int) -> Iterator[tuple[Judge, random.Random]]:
    draw = random.Random(seed)
    for _ in range(count):
        graph = random_network(draw.randrange(10**9))
        yield Judge(graph, run(graph)), draw


def put_in(judge: Judge, formula: Expression, digits: int) -> str:
    """The formula with numbers for its names: given data as they are given, all else to some digits."""
    graph, truth = judge.graph, judge.truth
    assert truth is not None

    def typed(part: Expression) -> Expression:
        if isinstance(part, Derivative):
            value = truth.get_gradient(part.of, part.by)
        elif isinstance(part, Name):
            node = graph.find(part.name)
            given = graph.typed(node) if node in judge.leaves else "0.5" if part.name == RATE else None
            if given is not None:
                return parse(f"({given})" if given.startswith("-") else given)
            value = truth.get(part.name)[0]
        else:
            return part
        text = written(value, digits, True, "up")
        return parse(f"({text})" if text.startswith("-") else text)

    return to_text(transform(formula, typed), ASCII)


def verdict_of(judge: Judge, subject: Subject, *links: str) -> Verdict:
    line = " = ".join((judge.vocabulary.text(subject), *links))
    return judge.judge(handwork.read(line, judge.vocabulary)).verdicts[0]


def chosen(judge: Judge, subject: Subject, draw: random.Random) -> tuple[Variant, float] | None:
    """A slip for a quantity, as likely as people are to make it, and its number."""
    possible = variants(judge.network, subject)
    if not possible:
        return None
    variant = draw.choices(possible, [v.prior for v in possible])[0]
    assert judge.truth is not None
    value = judge.truth.evaluate(variant.formula)
    return (variant, value) if value == value and 1e-6 < abs(value) < 1e6 else None


def outcome(verdict: Verdict, code: str) -> str:
    if verdict.mark in ("right", "close"):
        return "looks right"
    if verdict.code == code:
        return "right name"
    if verdict.mark == "unread":
        return "unread"
    if len(verdict.explanations) == 1:
        return "wrong name"
    if len(verdict.explanations) > 1:
        return "tie" if any(e.code == code for e in verdict.explanations) else "wrong tie"
    return "silent"


@cache
def slips(shown: bool) -> dict[int, Counter[str]]:
    """Slips of which the result is written down, or `shown` the numbers put in as well."""
    counts: dict[int, Counter[str]] = {digits: Counter() for digits in DIGITS}
    for judge, draw in judges(NETWORKS, seed=7):
        for subject in draw.choices(subjects(judge), k=EACH):
            made = chosen(judge, subject, draw)
            if made is None:
                continue
            variant, value = made
            for digits in DIGITS:
                links = [written(value, digits, True, "up")]
                if shown:
                    links.insert(0, put_in(judge, variant.formula, digits))
                verdict = verdict_of(judge, subject, *links)
                counts[digits][outcome(verdict, variant.code)] += 1
    return counts


@cache
def unrelated() -> dict[int, Counter[str]]:
    """Numbers that come from no slip: log-uniform over four decades, or one digit of the right number changed."""
    counts: dict[int, Counter[str]] = {digits: Counter() for digits in DIGITS}
    for judge, draw in judges(NETWORKS, seed=8):
        assert judge.truth is not None
        for subject in draw.choices(subjects(judge), k=EACH // 2):
            true = judge.truth.of(subject)
            if not 1e-6 < abs(true) < 1e6:
                continue
            drawn = 10 ** draw.uniform(-3.5, 0.5) * draw.choice((-1, 1))
            place, step = draw.random(), draw.randint(1, 9)
            for digits in DIGITS:
                right = written(true, digits, True, "up")
                for kind, text in (("any", written(drawn, digits, True, "up")), ("digit", changed(right, place, step))):
                    verdict = verdict_of(judge, subject, text)
                    if verdict.mark != "wrong":
                        counts[digits]["looks right"] += 1
                    elif verdict.code == "wrong":
                        counts[digits]["tie" if verdict.explanations else "silent"] += 1
                    elif verdict.code in PEN_SLIPS:
                        counts[digits]["pen" if kind == "digit" else "false alarm"] += 1
                    else:
                        counts[digits]["false alarm"] += 1
    return counts


@cache
def miscopied() -> dict[int, Counter[str]]:
    """A right formula with its numbers put in, one of them with a digit changed or unrelated to anything."""
    counts: dict[int, Counter[str]] = {digits: Counter() for digits in DIGITS}
    for judge, draw in judges(NETWORKS, seed=12):
        for subject in draw.choices(subjects(judge), k=EACH):
            form = draw.choice(right_forms(judge.network, subject))
            place, step, which, other = draw.random(), draw.randint(1, 9), draw.random(), 10 ** draw.uniform(-2, 0.3)
            unrelated = draw.random() < 0.5
            for digits in DIGITS:
                right = put_in(judge, form, digits)
                numbers = list(re.finditer(r"\d*\.\d+", right))
                if len(numbers) < 2:
                    continue
                number = numbers[int(which * len(numbers))]
                text = written(other, digits, True, "up") if unrelated else changed(number.group(), place, step)
                line = right[: number.start()] + text + right[number.end() :]
                result = written(evaluate(parse(line), lambda name: math.nan), digits, True, "up")
                verdict = verdict_of(judge, subject, line, result)
                if verdict.mark != "wrong":
                    counts[digits]["looks right"] += 1
                elif verdict.code == "miscopied-operand":
                    counts[digits]["which number"] += 1
                elif verdict.code in ("wrong", "operator"):
                    counts[digits]["tie" if verdict.explanations else "silent"] += 1
                else:
                    counts[digits]["false alarm"] += 1
    return counts


def changed(text: str, where: float, step: int) -> str:
    """The number with one of its digits (not a leading zero) changed."""
    places = [i for i, c in enumerate(text) if c.isdigit()]
    first = next((n for n, i in enumerate(places) if text[i] != "0"), 0)
    places = places[first:]
    i = places[int(where * len(places))]
    return text[:i] + str((int(text[i]) + step) % 10) + text[i + 1 :]


def shares(counts: Counter[str], without: str = "looks right") -> dict[str, float]:
    """In percent of the lines that show something."""
    whole = counts.total() - counts[without]
    return {name: round(100 * count / whole, 1) for name, count in counts.most_common() if name != without}


@pytest.mark.parametrize("shown", [False, True], ids=["results", "numbers shown"])
def test_slips_are_named_rightly_or_not_at_all(shown: bool) -> None:
    for digits, counts in slips(shown).items():
        hidden = 100 * counts["looks right"] / counts.total()
        print(
            f"\n{digits} s.f., {counts.total()} slips: {hidden:.1f} % look right; of the rest {shares(counts)}", end=""
        )
    for digits, least in ((3, 85.0), (4, 90.0)):
        found = shares(slips(shown)[digits])
        assert found.get("wrong name", 0.0) < 2.0
        assert found["right name"] >= least


def test_unrelated_numbers_raise_few_alarms() -> None:
    for digits, counts in unrelated().items():
        print(f"\n{digits} s.f., {counts.total()} unrelated numbers: {shares(counts)}", end="")
    assert shares(unrelated()[3]).get("false alarm", 0.0) <= 2.0
    assert shares(unrelated()[4]).get("false alarm", 0.0) <= 2.0


def test_a_number_copied_wrongly_is_seldom_taken_for_a_slip() -> None:
    for digits, counts in miscopied().items():
        print(f"\n{digits} s.f., {counts.total()} numbers copied wrongly: {shares(counts)}", end="")
        assert shares(counts).get("false alarm", 0.0) <= 2.0
        assert shares(counts)["which number"] >= 80.0


# ---------------------------------------------------------------- updated first-layer weights
def first_layer(graph: Graph) -> list[int]:
    return [node for node in graph.nodes_of("parameter") if graph.name(node).startswith(("w", "b"))]


def test_updated_first_layer_weights_say_that_they_cannot_show_a_slip() -> None:
    counts: Counter[str] = Counter()
    for judge, draw in judges(NETWORKS, seed=9):
        for node in draw.choices(first_layer(judge.graph), k=3):
            gradients = variants(judge.network, Gradient(judge.graph.loss, node))
            if not gradients:
                continue
            assert judge.truth is not None
            slip = draw.choices(gradients, [v.prior for v in gradients])[0]
            old, right = judge.truth.value(node), judge.truth.of(Updated(node))
            new = old - judge.truth.rate * judge.truth.evaluate(slip.formula)
            for digits in (2, 3):
                if 1e-6 < abs(new) < 1e6:
                    text = written(new, digits, True, "up")
                    unit = 10.0 ** -len(text.partition(".")[2])
                    step = abs(right - old) / unit
                    moved = abs(float(text) - old) > unit * 0.500001  # a step below one unit may turn the last digit
                    counts[shown_by(verdict_of(judge, Updated(node), text), step, moved)] += 1
    print(f"\nupdated first-layer weights: {dict(counts)}", end="")
    assert counts["does not show, said"] > 20
    assert counts["shows too little, said"] > 20
    assert not counts["does not show, not said"]
    assert not counts["shows too little, not said"]
    # what is named all the same is the sign or the size of the step, never a slip in its last digits
    assert not counts["a slip of the pen"]


def shown_by(verdict: Verdict, step: float, moved: bool) -> str:
    """What an updated weight shows of a slip in its gradient; `step` is in units of its last digit, which `moved`."""
    if verdict.mark == "right":
        if not 0 < step < 1 or moved:
            return "right"
        return "does not show, said" if verdict.code == "update-invisible" else "does not show, not said"
    if verdict.mark == "close":
        return "close"
    if verdict.code in AMONG_DIGITS and 0 < step < 100:
        return "a slip of the pen"
    if len(verdict.explanations) == 1 or not 0 < step < 100:
        return "named" if verdict.explanations else "silent"
    return "shows too little, said" if "these digits" in verdict.message else "shows too little, not said"


# ---------------------------------------------------------------- a slip early in a sheet, and honest work after it
def sheet_with_slip(judge: Judge, at: Subject, value: float, digits: int) -> str:
    """A whole sheet, every step from the numbers written before, with one number that comes from a slip."""
    graph = judge.graph
    loss = graph.loss
    held: dict[str, float] = {}
    assert judge.trace is not None
    trace = judge.trace

    def seen(name: str) -> float:
        return held[name] if name in held else trace.value(name)

    def line(subject: Subject, number: float) -> str:
        text = written(value if subject == at else number, digits, True, "up")
        held[judge.vocabulary.text(subject, "d")] = float(text)
        return f"{judge.vocabulary.text(subject, 'd')} = {text}"

    lines = []
    for node in graph.nodes_of("computed"):
        lines.append(line(Value(node), evaluate(graph.node_formula(node), seen)))
    for node in sorted(graph.nodes_of("computed", "parameter"), key=lambda n: -int(graph.levels[n])):
        if node == loss or not trace.path_count(node):
            continue
        total = 0.0
        for user in graph.users[node]:
            if trace.path_count(user):
                above = 1.0 if user == loss else seen(f"d{graph.name(loss)}/d{graph.name(user)}")
                total += above * evaluate(local_formula(graph, user, node), seen)
        lines.append(line(Gradient(loss, node), total))
    return "\n".join(lines)


def test_one_slip_makes_one_wrong_line() -> None:
    counts: Counter[str] = Counter()
    for judge, draw in judges(SHEETS, seed=10):
        graph = judge.graph
        early = [s for s in subjects(judge) if not (isinstance(s, Gradient) and s.of != graph.loss)]
        subject = draw.choice(early)
        made = chosen(judge, subject, draw)
        assert judge.truth is not None
        if made is None or written(made[1], 4, True, "up") == written(judge.truth.of(subject), 4, True, "up"):
            continue
        variant, value = made
        text = sheet_with_slip(judge, subject, value, 4)
        verdicts = judge.judge(handwork.read(text, judge.vocabulary)).verdicts
        wrong = [v for v in verdicts if v.mark == "wrong"]
        about = judge.vocabulary.text(subject)
        if [v.quantity for v in wrong] != [about]:
            counts["not one line"] += 1
            print(
                "\n",
                about,
                variant.code,
                [(v.claim.text, v.mark, v.code) for v in verdicts if v.mark not in ("right", "close")],
            )
        elif any(v.mark not in ("right", "close", "wrong", "follows") for v in verdicts):
            counts["a strange mark"] += 1
        else:
            counts[outcome(wrong[0], variant.code)] += 1
    print(f"\nsheets with one slip: {dict(counts)}", end="")
    assert counts["not one line"] + counts["a strange mark"] == 0
    assert counts["wrong name"] <= 1
    assert counts["right name"] >= 0.8 * counts.total()
