"""Formulas that can't be used: every message word for word, with its place; nothing hangs, and nothing is evaluated.

`malformed_formulas.txt` is the table of scenarios and what is said about each; those that are too long to be written
out, or hold letters that can't be seen, stand here.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.engine.opening import finished
from backprop_tutor.errors import TutorError
from backprop_tutor.scenario import loading as scenario
from tests.program import TOP

TABLE = Path(__file__).with_name("malformed_formulas.txt")
W = "[parameters]\nw = 2\n[equations]\n"


def said_about(text: str) -> list[str]:
    """Everything that is said about a scenario on the way to its numbers, one line a problem."""
    try:
        trace.run(build(finished(scenario.drafts(text, "net"))))
    except TutorError as error:
        return [
            f"{at.line or '-'}:{at.column or '-'}+{at.length} {found.message} | {found.label} | {found.help}".rstrip()
            for found in error.problems
            for at in [found.where]
        ]
    return []


def rows() -> Iterator[tuple[str, str, list[str]]]:
    """(name, scenario, what is said about it) of every block of the table."""
    for block in TABLE.read_text(encoding="utf-8").split("\n=== ")[1:]:
        name, _, body = block.partition("\n")
        lines = body.rstrip("\n").split("\n")
        said = [line[2:] for line in lines if line.startswith("! ")]
        yield name, "".join(f"{line}\n" for line in lines if not line.startswith("! ")), said


ROWS = list(rows())
DOUBLING = '"f0(x)" = "x+x"\n' + "".join(f'"f{i}(x)" = "f{i - 1}(x)+f{i - 1}(x)"\n' for i in range(1, 30))
MANY = (
    '[inputs]\nx = "?"\n[parameters]\nw = 1\n[equations]\n' + "".join(f'h{i} = "w*x"\n' for i in range(30))
    + 'L = "' + "+".join(f"h{i}" for i in range(30)) + '"\n' + "[[samples]]\nx = 1\n" * 900
)  # fmt: skip
TOO_LARGE = "with its functions written out, this formula has more than 5000 pieces | too large | give the inner part "

LONG: list[tuple[str, str, list[str]]] = [
    (
        "functions that double",
        f'[parameters]\nw = 2\n[functions]\n{DOUBLING}[equations]\nL = "f29(w)"\n',
        [f"15:13+13 {TOO_LARGE}an equation of its own"],
    ),
    (
        "losses inside losses",
        W + 'L = "' + "sigmoid_cross_entropy(1, " * 20 + "w" + ")" * 20 + '"\n',
        [f"4:256+261 {TOO_LARGE}an equation of its own"],
    ),
    (
        "5000 characters",
        W + 'L = "w' + "+1" * 2500 + '"\n',
        ["4:5+5003 'L' has 5001 characters; the limit is 4000 | too long | make it shorter"],
    ),
    (
        "very many pieces",
        W + 'L = "w' + "+1" * 1500 + '"\n',
        ["4:2006+1 this formula has more than 2000 pieces | too long | split it into several named quantities"],
    ),
    (
        "100,000 minus signs",
        W + 'L = "' + "-" * 100_000 + 'w"\n',
        ["4:5+100003 'L' has 100001 characters; the limit is 4000 | too long | make it shorter"],
    ),
    (
        "1000 minus signs",
        W + 'L = "' + "-" * 1000 + 'w"\n',
        ["4:15+1 too many signs in a row | one sign is enough |"],
    ),
    (
        "300 powers",
        W + 'L = "' + "w^-" * 300 + 'w"\n',
        ["4:125+1 powers nest deeper than 40 | too deep | name the inner part as a quantity"],
    ),
    (
        "1000 roots",
        W + 'L = "' + "√" * 1000 + 'w"\n',
        ["4:46+1 roots nest deeper than 40 | too deep | name the inner part as a quantity"],
    ),
    (
        "900 brackets",
        W + 'L = "' + "(" * 900 + "w" + ")" * 900 + '"\n',
        ["4:46+1 brackets nest deeper than 40 | too deep | name the inner part as a quantity"],
    ),
    (
        "a digit of another script",
        W + 'L = "w*\uff11"\n',
        ["4:8+1 '\uff11' has no meaning in a formula | can't be read |"],
    ),
    (
        "an invisible character",
        W + 'L = "w\u00a0+ w\u200b"\n',
        ["4:11+1 the invisible character U+200B has no meaning in a formula | can't be read |"],
    ),
    (
        "an emoji",
        W + 'L = "w*\U0001f600"\n',
        ["4:8+1 '\U0001f600' has no meaning in a formula | can't be read |"],
    ),
    (
        "a character that turns the writing direction",
        W + 'L = "w*\\u202e2"\n',
        [
            "4:5+11 a control character (U+202E) stands in this text | holds a control character | in double quotes "
            r"TOML reads \b, \t, \n, \f, \r and \u001b as such; single quotes keep a backslash: '\theta'"
        ],
    ),
    (
        "many equations for many samples",
        MANY,
        [
            "37:3+7 with its samples written out this scenario has 27900 formulas; the limit is 10000 | too many | use "
            "arrays, or fewer samples"
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), [*ROWS, *LONG], ids=[row[0] for row in [*ROWS, *LONG]])
def test_what_is_said(name: str, text: str, expected: list[str]) -> None:
    begun = time.process_time()
    found = said_about(text)
    assert found == expected
    assert expected, "the table says of every row what is wrong with it"
    assert time.process_time() - begun < 1.0


def test_the_table_is_large_enough() -> None:
    assert len(ROWS) + len(LONG) >= 100
    assert len({name for name, _, _ in [*ROWS, *LONG]}) == len(ROWS) + len(LONG)


def test_of_very_many_mistakes_the_first_are_told_and_the_rest_counted() -> None:
    *found, last = said_about(W + "".join(f'h{i} = "w*unknown{i}"\n' for i in range(60)))
    assert [line.partition("+")[0] for line in found] == [f"{i + 4}:{len(str(i)) + 8}" for i in range(50)]
    assert last == "-:-+1 10 more problems are not shown |  | mend these first"


def test_every_problem_names_its_file() -> None:
    for _, text, _ in [*ROWS, *LONG]:
        with pytest.raises(TutorError) as caught:
            trace.run(build(finished(scenario.drafts(text, "net"))))
        assert all(problem.where.file == "net.toml" for problem in caught.value.problems)


# The peak of this program alone, in KiB: getrusage also counts the process that started it.
MEASURED = """
import re
from pathlib import Path
from tests.test_malformed_formulas import LONG, ROWS, said_about
for _, text, _ in [*ROWS, *LONG]:
    said_about(text)
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_no_malformed_scenario_takes_much_memory() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, cwd=TOP, check=True)
    assert int(done.stdout) < 150_000


def test_nothing_is_evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for formula in (
        "__import__('os').mkdir('made')", "open('made', 'w')", "exec('import os')", "eval('1')", "(lambda: w)()",
        "w.__class__.__bases__", "().__class__", "w if True else 0", "[].append(w)", "getattr(w, 'real')", "w; w",
        "import os", "print(w)", "globals()", "w or 1", "not w", "w // 2", "w % 2", "w & 1", "~w", "w << 2", "`w`",
        "$w", "w!", "#w", "\\\\input{x}", "${w}", "$(w)", "S(1)", "Symbol(w)", "E", "I*w", "oo", "zoo*w", "N(w)",
    ):  # fmt: skip
        assert said_about(W + f'L = "{formula}"\n'), formula
    assert list(tmp_path.iterdir()) == []
