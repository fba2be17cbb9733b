"""`--format markdown`: the lesson in Markdown, its LaTeX well-formed, its numbers those of the trace."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import pytest

import backprop_tutor
from backprop_tutor import load, loads
from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.formulas.digits import significant
from backprop_tutor.render.run.latex_text import latex_number
from backprop_tutor.render.run.markdown import run_text
from backprop_tutor.render.run.options import RunOptions
from tests.program import SCENARIOS, Done

Run = Callable[..., Done]

COMMANDS = frozenset(
    r"""\begin \end \frac \tfrac \partial \cdot \left \right \sigma \eta \hat \text \checkmark \times \quad \ln \sum
    \gt \ge \lt \le \phantom \mathrm \operatorname \tanh \sqrt \top \odot \pi \log \max \min \softmax
    \alpha \beta \gamma \delta \epsilon \zeta \theta \kappa \lambda \mu \nu \xi \rho \tau \phi \chi \psi \omega
    """.split()
)


@cache
def page(name: str, **options: object) -> str:
    built = build(load(name))
    text, agrees = run_text(None if built.symbolic else trace.run(built), built, RunOptions(**options))  # type: ignore[arg-type]
    assert agrees
    return text


def formulas(text: str) -> list[str]:
    """Everything between dollar signs."""
    displays = re.findall(r"^\$\$\n(.*?)\n\$\$$", text, re.M | re.S)
    rest = re.sub(r"^\$\$\n.*?\n\$\$$", "", text, flags=re.M | re.S)
    inline = re.findall(r"(?<!\\)\$([^$\n]+)\$", rest)
    assert "$" not in re.sub(r"(?<!\\)\$[^$\n]+\$", "", rest).replace(r"\$", "")
    return [*displays, *inline]


PAGES = [
    *((name, {}) for name in SCENARIOS),
    *((name, {"view": "adjoints", "inputs": True}) for name in SCENARIOS),
    ("matrix_softmax", {"grads": ("w_111", "dyhat_1/dh_11", "dx_1/dL")}),
    ("symbolic_cross_entropy", {"grads": ("w_h1_z3",)}),
]


@pytest.mark.parametrize(("name", "options"), PAGES)
def test_latex_is_well_formed(name: str, options: dict[str, object]) -> None:
    found = formulas(page(name, **options))
    assert found
    for formula in found:
        depth = 0
        for char in re.sub(r"\\[{}]", "", formula):
            depth += (char == "{") - (char == "}")
            assert depth >= 0
        assert depth == 0
        assert formula.count(r"\left") == formula.count(r"\right")
        assert re.findall(r"\\begin{(\w+)}", formula) == re.findall(r"\\end{(\w+)}", formula)[::-1]
        assert set(re.findall(r"\\[A-Za-z]+", formula)) <= COMMANDS
        assert not re.search(r"[+·-]\s*-\d|\\cdot -|nan|inf|\de[-+]?\d", formula)


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "symbolic_cross_entropy"])
def test_every_number_of_the_trace_is_there(name: str) -> None:
    text = page(name)
    run = trace.run(build(load(name)))
    for node in run.graph.nodes_of("computed"):
        assert latex_number(significant(run.value(node))) in text
    for update in run.updates:
        assert latex_number(significant(update.gradient)) in text
        assert latex_number(significant(update.after)) in text


def test_the_documents_own_notation_digits_and_order() -> None:
    text = page("two_sigmoid_outputs")
    assert r"h_1 &= i_1 \cdot w_{11} + i_2 \cdot w_{12} + b_1" in text
    assert r"&= 0.05 \cdot 0.15 + 0.1 \cdot 0.20 + 0.35" in text
    assert r"a_{h_1} &= \sigma\left(h_1\right) = \frac{1}{1 + e^{-h_1}}" in text
    assert r"assumed: read off w13' = 0.25" in text
    assert r"w_{11}' &= w_{11} - \eta \cdot \frac{\partial \text{Loss}}{\partial w_{11}} = 0.15 - 0.5 \cdot " in text
    assert r"\hat{y}_{1}" in page("matrix_softmax")


def test_a_symbolic_scenario_is_derived_in_formulas() -> None:
    text = page("symbolic_cross_entropy")
    assert r"\frac{\partial L}{\partial \hat{y}_1} &= -\frac{y_1}{\hat{y}_1}" in text
    upstream = r"\frac{\partial L}{\partial h_3} \cdot h_3 \cdot \left(1 - h_3\right)"
    assert rf"\frac{{\partial L}}{{\partial z_3}} &= {upstream}" in text
    assert "Central difference:" not in text


def test_headings_follow_the_parts() -> None:
    headings = re.findall(r"^## (.+)$", page("shared_weights"), re.M)
    assert headings == [
        "Given", "Forward", "Loss", "Local derivatives", "Backward: the chain rule along every path", "Update",
    ]  # fmt: skip
    assert re.findall(r"^## (.+)$", page("shared_weights", parts=("update",)), re.M) == ["Update"]


def test_somebodys_text_formats_nothing() -> None:
    text = 'title = "*a* _b_ <i> [x](y) $z$ | `c` # d"\n[parameters]\nw = { value = 1, assumed = "a|b $x$" }\n'
    built = build(loads(text + '[equations]\nL = "w**2"\n'))
    shown, _ = run_text(trace.run(built), built, RunOptions())
    assert shown.splitlines()[0] == r"# \*a\* \_b\_ \<i\> \[x\](y) \$z\$ \| \`c\` \# d"
    assert r"assumed: a\|b \$x\$" in shown
    formulas(shown)


def test_disagreements_and_kinks_are_said() -> None:
    built = build(loads('[parameters]\nw = 0\nv = 0.3\n[equations]\nL = "relu(w) + exp(v)"\n'))
    right = trace.run(built)
    shown, agrees = run_text(right, built, RunOptions())
    assert agrees
    assert r"\text{a kink}" in shown
    wrong = trace.Trace(built, right.values, right.adjoints * 1.001)
    shown, agrees = run_text(wrong, built, RunOptions())
    assert not agrees
    assert "**disagrees**" in shown
    assert "**Not all right:**" in shown


ODD = """
[inputs]
x = 3.0
[parameters]
w2 = [0.5]
w = [[0.1, -0.6], [0.2, 0.3]]
"θ" = -0.04
zL = [0.3, 0.4]
[targets]
t = 1
[equations]
y = "x"
u = "θ"
"h̃" = "tanh(sigmoid(θ)*w2[1] + w[2,1]*y + w[1,2] + zL[1])"
L = "1/2*(t - h̃)**2 + 0*u*w[1,1]"
[notation]
zL = "z^L"
"""


def test_names_and_numbers_are_typeset_as_people_write_them() -> None:
    built = build(loads(ODD))
    shown, _ = run_text(trace.run(built), built, RunOptions())
    assert all(map(str.isascii, formulas(shown)))
    whole = " ".join(shown.split())
    assert r"\sigma\left(\theta\right) \cdot w_{2}[1] + w_{2,1} \cdot y + w_{1,2} + z^L_{1}\right)" in whole
    assert r"\sigma\left(-0.04\right)" in whole
    assert r"L &= \frac{1}{2} \cdot {\left(t - \tilde{h}\right)}^{2}" in whole
    assert r"y &= x \\ &= 3.0 \end{aligned}" in whole
    assert r"u &= \theta \\ &= -0.04 \end{aligned}" in whole
    assert "Parameter $w_{2}$ with the one element $w_{2}[1]$:" in shown
    assert r"\frac{\partial y}{\partial x}" not in whole
    assert r"\frac{\partial u}{\partial \theta} &= 1 && 1.00000\ \checkmark" in whole
    assert "Central difference: $0$: agrees." in shown


def test_numbers_with_an_exponent() -> None:
    assert latex_number("1.5e-9") == r"1.5 \times 10^{-9}"
    assert latex_number("-2e7") == r"-2 \times 10^{7}"
    assert latex_number("0.20") == "0.20"


def test_a_notebook_shows_a_run_as_its_lesson(bptutor: Run) -> None:
    shown = backprop_tutor.run("shared_weights")._repr_markdown_()
    assert shown == bptutor("run", "shared_weights", "--format", "markdown").out


def test_ascii_markdown(bptutor: Run) -> None:
    done = bptutor("run", "shared_weights", "--format", "markdown", "--ascii")
    assert done.out.isascii()
    assert "?" not in done.out
