"""Names where a screen has ASCII only: each is a name of its own, on every screen, and can be typed back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_tutor import loads, with_values
from backprop_tutor.engine import trace
from backprop_tutor.engine.build import build
from backprop_tutor.formulas.ascii_names import ascii_name, ascii_names
from backprop_tutor.formulas.notation import folded
from tests.test_markdown import Run

LOOK_ALIKES = """
format = 1
title = "Names that look alike without their accents"
[inputs]
x = 1
h0 = 0.5
[parameters]
w = 0.3
"α" = 0.2
alpha = 0.4
"\u00e3" = [0.1, 0.2]
a = 0.7
[targets]
"τ" = 1
[equations]
"h̃" = "tanh(w*x + α*h0)"
h = "(1 - alpha)*h0 + alpha*h̃"
"x̂" = "h*2 + ã[1]"
"x̄" = "x̂ + a*ã[2]"
l = "x̄*h"
L = "(τ - l)**2/2"
[learning]
rate = 0.1
"""
NAMES = ("x", "h0", "w", "alpha_2", "alpha", "atilde[1]", "atilde[2]", "a", "tau", "htilde", "h", "xhat", "xbar", "L")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("h̃1", "htilde1"), ("x̂", "xhat"), ("ŷ₁", "yhat1"), ("x̄", "xbar"), ("ḣ", "hdot"), ("ã", "atilde"), ("é", "e"),
        ("α", "alpha"), ("Δw", "Deltaw"), ("w", "w"), ("δ_h1", "delta_h1"), ("θ̂'", "thetahat'"), ("λ", "lambda"),
        ("重", "u91cd"), ("v⃗", "vvec"), ("ℓ", "l"), ("ϵ", "epsilon"),
    ],
)  # fmt: skip
def test_one_name(name: str, shown: str) -> None:
    assert ascii_name(name) == shown


@given(st.lists(st.text("ahxα\u0302\u0303ãé_12重ℓlβ", min_size=1, max_size=6).filter(str.isidentifier), unique=True))
def test_spellings_are_distinct_and_lead_back(names: list[str]) -> None:
    found = ascii_names(names)
    shown = [found.name(name) for name in names]
    assert all(map(str.isascii, shown))
    assert len(set(shown)) == len(names)
    for name, spelling in zip(names, shown, strict=True):
        assert (found.original(spelling) or spelling) == name


def test_element_patterns() -> None:
    found = ascii_names(["α_", "W", "alpha_11"], ["α_{i}{j}", "w_{i}"])
    assert found.text("α_12·w_1 + α_'") == "alpha__212·w_1 + alpha_'"
    assert found.original(found.name("α_12")) == "α_12"
    assert found.original(found.name("α_12") + "#2") == "α_12#2"


def test_another_spelling_of_a_name_with_an_accent() -> None:
    assert folded("h̃_1") == folded("htilde1") != folded("h_1")


def test_every_screen_tells_the_names_apart(bptutor: Run, tmp_path: Path) -> None:
    file = tmp_path / "alike.toml"
    file.write_text(LOOK_ALIKES, encoding="utf-8")
    for look in ("--ascii", "--plain"):
        text = bptutor("run", str(file), look).out
        assert text.isascii()
        assert "htilde = tanh(w*x + alpha_2*h0)" in " ".join(text.split())
        assert "L = (tau - l)^2 / 2" in " ".join(text.split())
        assert {*NAMES} <= {*re.findall(r"[A-Za-z_]\w*(?:\[\d\])?", text)}


@pytest.mark.parametrize("name", NAMES)
def test_a_spelling_can_be_typed_back(name: str) -> None:
    net = build(loads(LOOK_ALIKES))
    node = net.find(name)
    assert node is not None
    original = net.name(node)
    assert net.ascii_names.text(original) == name
    if net.node(node).kind in ("input", "parameter", "target"):
        changed = build(with_values(loads(LOOK_ALIKES), {name: "0.125"}))
        assert trace.run(changed).value(original) == 0.125


def test_spellings_are_read_by_grad_verify_and_quiz(bptutor: Run, tmp_path: Path) -> None:
    file = tmp_path / "alike.toml"
    file.write_text(LOOK_ALIKES, encoding="utf-8")
    text = bptutor("run", str(file), "--ascii", "--grad", "alpha_2", "--grad", "dxbar/dhtilde").out
    assert "dL/dalpha_2" in text
    assert "dxbar/dhtilde" in text
    run = trace.run(build(loads(LOOK_ALIKES)))
    sheet = tmp_path / "sheet.md"
    lines = [f"{name} = {run.value(original):.6f}" for name, original in (("htilde", "h̃"), ("xbar", "x̄"))]
    lines.append(f"dL/dalpha_2 = {run.gradient('α'):.6f}")
    sheet.write_text("\n".join(lines), encoding="utf-8")
    done = bptutor("verify", str(file), str(sheet), "--ascii")
    assert done.status == 0
    assert "dL/dalpha_2" in done.out
    asked = bptutor("quiz", str(file), "--ascii", "--only", "htilde", "--seed", "1", "--count", "1", stdin=b"q\n")
    assert "htilde" in asked.out
