"""What people write elsewhere, in NumPy, PyTorch and LaTeX, that means nothing in a formula here; what to write."""

from __future__ import annotations

import re

_LIBRARIES = ("np", "numpy", "jnp", "torch", "F", "nn", "tf", "math", "K")
_ALONG = ("sum", "mean", "max", "min", "logsumexp", "softmax", "norm", "var", "std")
_AXIS = re.compile(r"=\s*([+-]?[01])\b")


def instead(text: str, at: int) -> str:
    """What to write for the sign at a place; empty where nothing is known."""
    char, before = text[at], text[:at].rstrip()
    if char == "=":
        return _for_equals(text, at, before)
    if char == ".":
        return _for_dot(text, at, before)
    if char in "{}":
        named = re.search(r"_\{$|\^\{[\[(<]$", text[: at + 2])
        return "no name has braces: write W1 for W^{[1]}, and see [notation]" if named else "use ( ) to group"
    return "write prod( ) of what is multiplied" if char == "∏" else ""


def _for_equals(text: str, at: int, before: str) -> str:
    keyword = re.search(r"(\w+)$", before)
    if keyword is None or keyword[1] not in ("axis", "dim", "keepdims", "keepdim"):
        return "compare with ==" if "where" in text else "write what stands right of it only"
    direction, called = _AXIS.match(text[at:]), _called(before)
    if direction is None or called not in _ALONG or keyword[1].startswith("keep"):
        return "name the direction: row_sum(A), column_mean(A), row_softmax(A) and so on"
    if direction[1] == "0":
        return f"write column_{called}( )"
    return f"write row_{called}( )" + ("" if called == "softmax" else ", which stays one column")


def _for_dot(text: str, at: int, before: str) -> str:
    """`np.sum(x)` and `n.tanh()`."""
    method, owner = re.match(r"\.\s*(\w+)\s*\(", text[at:]), re.search(r"(\w+)$", before)
    if method is None or owner is None:
        return ""
    if owner[1] in _LIBRARIES:
        return f"write {method[1]}( ) without '{owner[1]}.'"
    return f"write {method[1]}({owner[1]})"


def _called(before: str) -> str:
    """The function in whose brackets a text ends."""
    depth = 0
    for at in range(len(before) - 1, -1, -1):
        depth += (before[at] == ")") - (before[at] == "(")
        if depth < 0:
            name = re.search(r"(\w+)$", before[:at])
            return name[1] if name else ""
    return ""
