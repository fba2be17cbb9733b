"""Quantities on a sheet as their scenario typesets them: `W^Q` for WQ, `\\sigma` for s, where `[notation]` says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .layout import in_plain
from .typed import Typed


def own_notation(notation: Mapping[str, str], means: Callable[[str], bool]) -> Callable[[Typed], Typed]:
    """What puts names in the place of their typeset forms, in a text of plain notation.

    Only forms that mean nothing by themselves (`means`) are replaced, and none before brackets or below a power:
    `σ(z)` is a function's, and `σ²` may be a variance of that name. What it is where σ stands beside it is only clear
    in the definition of σ.
    """
    forms = {in_plain(Typed.of(latex)).text: name for name, latex in notation.items()}
    forms = {form: name for form, name in forms.items() if form and not means(form)}
    if not forms:
        return lambda text: text
    longest = sorted(forms, key=len, reverse=True)
    found = re.compile(rf"(?<![\w^])(?:{'|'.join(map(re.escape, longest))})(?![\w^²³(])")
    power = re.compile(rf"(?<![\w^])({'|'.join(map(re.escape, longest))})\s*[\^²³]")

    def named(text: Typed) -> Typed:
        unclear = {form for form in power.findall(text.text) if not text.text.lstrip().startswith(form)}

        def name(match: re.Match[str]) -> Typed:
            form = match[0]
            return text.cut(*match.span()) if form in unclear else text.put(forms[form], *match.span())

        return text.sub(found, name)

    return named
