"""One name and its spellings.

A document writes `w_{11}`, `w₁₁`, `w_11` or `w11` for one weight, `∂L/∂w` or `dL/dw` for one derivative. A terminal
shows a name exactly as the scenario types it; what people type is matched by its folded form.
"""

from __future__ import annotations

import re
import unicodedata


def element_name(array: str, pattern: str | None, index: tuple[int, ...]) -> str:
    """The name of one element, its indices counted from 1: by the document's pattern `w_2{i}{j}`, else `W2[1,2]`.

    The sample of `W#2` stays at the end: `w_212#2`.
    """
    if pattern is None:
        return f"{array}[{','.join(map(str, index))}]"
    name = pattern
    for letter, value in zip("ijk", index, strict=False):
        name = name.replace("{" + letter + "}", str(value))
    _, mark, sample = array.partition("#")
    return name + mark + sample


def folded(name: str) -> str:
    """The form in which two spellings of one name are equal: `w_{11}`, `w₁₁`, `w_11` → `w11`; `ŷ₁` → `yhat1`."""
    text = unicodedata.normalize("NFKD", name)
    text = text.replace("\u0302", "hat").replace("’", "'").replace("′", "'")
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = "".join(_GREEK.get(c, c) for c in text)
    return re.sub(r"[_{},\s]", "", text)


_GREEK = {
    letter: unicodedata.name(letter).split()[-1].lower() for letter in "αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
} | {"λ": "lambda"}
