"""One gradient as the chain rule has it: the picture of the paths, each path's product, their sum, the difference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from math import fsum, prod

from ...engine.check import Check
from ...engine.trace import Path
from ...formulas.digits import counted
from ...formulas.rounding import settled_number
from ...lesson.steps import GradientStep, gradient_steps, local_formula
from ...values import replace
from ..equations import heading
from ..fractions import INDENT, Factor, common_widths, product_lines, product_width
from ..lines import Block, Line, Piece, aligned, length, line, width_of, worded, wrapped
from .pen import Pen
from .picture import draw

MAX_PATHS = 16  # of one quantity; of more the largest are shown
_LINES = re.compile(r"((?:^|(?<= ))[-+|─│┌┐└┘├┤┼┬┴]+(?= |$))")  # a picture's lines, apart from its names
MAX_DRAWN = 4096  # paths; with more the picture is not even tried


def parts(pen: Pen) -> Iterator[Block]:
    """Every parameter's gradient (and every input's, on request)."""
    chosen = [n for n in pen.graph.sources(pen.options.inputs) if pen.shown(n) and pen.trace.path_count(n)]
    for i, block in enumerate(gradients(pen, chosen)):
        if i == 0:
            title = "Gradients" if pen.symbolic else "Backward"
            above = heading(title, "the chain rule along every path", pen.width, pen.glyphs.dash)
            block.lines[:0] = [line(), *above]
        yield block


def gradients(pen: Pen, nodes: Sequence[int], pictured: bool = True) -> Iterator[Block]:
    """The gradients of these quantities, one block each; without their pictures where these are shown already."""
    if pen.symbolic:
        for node in nodes:
            yield symbolic(pen, node)
        return
    for step in gradient_steps(pen.trace, nodes, MAX_PATHS, pen.options.method, pen.options.h):
        pen.checked(step.check, step.node.id)
        yield numeric(pen, step, pictured)


# ---------------------------------------------------------------- with numbers
def numeric(pen: Pen, step: GradientStep, pictured: bool = True) -> Block:
    """One gradient with its numbers."""
    block = Block([line()])
    node = step.node.id
    if pictured:
        block.extend(opening(pen, node, step.path_count))
        block.extend(picture(pen, node, step.path_count if not pen.hides else None))
    paths = shown_paths(pen, step)
    chains = [in_product(factors(pen, path)) for path in paths]
    shared = common_widths(chains)
    single = step.path_count == 1
    mark = pen.check_mark(step.check)
    *products, total, difference = aligned(
        [*(pen.number(path.product) for path in paths), pen.number(step.value), pen.difference(step.check)]
    )
    value_width = width_of(total)
    by_difference = difference_words(pen, node, step.check)
    room = pen.width - 3 - value_width - 1 - width_of(mark[0])
    if INDENT + width_of(by_difference) > room:
        by_difference = "finite difference"
    wanted = [product_width(widths, pen.width) for widths in shared]
    wanted.append(INDENT + width_of(by_difference))
    sum_of = "" if single else sum_words(pen, step, paths)
    if sum_of and INDENT + width_of(f"{pen.total(node)}  {sum_of}") <= room:
        wanted.append(INDENT + width_of(f"{pen.total(node)}  {sum_of}"))
    column = max(INDENT, min(max(wanted), room))
    for number, (path, chain, widths, product) in enumerate(zip(paths, chains, shared, products, strict=True), 1):
        if not single:
            block.lines.append(line())
            block.extend(path_heading(pen, number, path))
        lines = list(product_lines(chain, widths, pen.width, pen.glyphs.style.times, pen.glyphs.dash))
        result: tuple[Piece, ...] = ((" = ", "rule"), (product, "result"))
        if single:
            lines.insert(0, line())
        end = lines[-1]
        if length(end) <= column:
            lines[-1] = (*end, (" " * (column - length(end)), "text"), *result)
        else:
            lines.append((*line(" " * column), *result))
        block.extend(lines)
    if not single:
        block.lines.append(line())
        block.extend(closing(pen, sum_of, total, (), column, value_width, pen.total(node)))
    block.extend(closing(pen, by_difference, difference, (" ", mark), column, value_width))
    return block


def factors(pen: Pen, path: Path) -> list[Factor]:
    """The path's local derivatives from the loss down; a factor that is a leaf's own number is shown as typed."""
    partial = pen.glyphs.style.partial
    found = []
    for operand, result, value in reversed(list(zip(path.nodes, path.nodes[1:], path.factors, strict=False))):
        found.append(Factor(partial + pen.name(result), partial + pen.name(operand), pen.slope(result, operand, value)))
    return found


def in_product(chain: list[Factor]) -> list[Factor]:
    """The same with every negative number but the first in brackets."""
    return [
        replace(factor, value=f"({factor.value})") if i and factor.value.startswith(("-", "−")) else factor
        for i, factor in enumerate(chain)
    ]


def opening(pen: Pen, node: int, count: int) -> Iterator[Line]:
    """What is differentiated, and how many paths there are."""
    name, loss = pen.name(node), pen.name(pen.graph.loss)
    if count == 1:
        words = f"{name} reaches {loss} by 1 path"
    else:
        words = f"{name} reaches {loss} by {counted(count)} paths: the gradient is a sum of {counted(count)} products"
    title = pen.total(node)
    for i, text in enumerate(worded(words, pen.width - width_of(title) - 2)):
        yield line((title if i == 0 else " " * width_of(title), "name"), "  ", (text, "note"))


def picture(pen: Pen, node: int, count: int | None) -> Iterator[Line]:
    """The drawing, each branch labelled with its path where branches and paths are the same (`count` None: unknown)."""
    if pen.trace.path_count(node) > MAX_DRAWN:
        return
    users = users_of(pen)
    drawing = draw(node, pen.graph.loss, users, pen.name, pen.glyphs.corners, pen.width - INDENT)
    if drawing is None:
        return
    count = sum(1 for _ in islice(ways_up(pen, node), MAX_PATHS + 1)) if count is None else count
    labels: dict[int, str] = {}
    column = 0
    if len(drawing.ends) == count > 1:
        labels = {row: f"path {i}" for i, row in enumerate(drawing.ends, 1)}
        column = max(width_of(drawing.rows[row].rstrip()) for row in labels) + 2
        if INDENT + column + max(map(width_of, labels.values())) > pen.width:
            labels = {}
    for row, text in enumerate(drawing.rows):
        label = labels.get(row, "")
        text = text.rstrip()
        space = " " * (column - width_of(text)) if label else ""
        pieces = [(part, "text" if i % 2 == 0 else "rule") for i, part in enumerate(_LINES.split(text))]
        if row == drawing.at:
            pieces[0], pieces[-1] = (pieces[0][0], "name"), (pieces[-1][0], "name")
        yield line(" " * INDENT, *pieces, space, (label, "path"))


def users_of(pen: Pen) -> Callable[[int], list[int]]:
    """The quantities that use one directly, lie on a way to the loss, and belong to a sample that is shown."""
    counts = pen.trace.path_counts
    users = pen.graph.users
    return lambda node: [user for user in users.get(node, ()) if user in counts and pen.shown(user)]


def ways_up(pen: Pen, node: int) -> Iterator[tuple[int, ...]]:
    """The chains from a quantity to the loss through the samples shown."""
    users = users_of(pen)
    stack: list[tuple[int, ...]] = [(node,)]
    while stack:
        chain = stack.pop()
        if chain[-1] == pen.graph.loss:
            yield chain
        else:
            stack += [(*chain, user) for user in reversed(users(chain[-1]))]


def shown_paths(pen: Pen, step: GradientStep) -> tuple[Path, ...]:
    """The step's paths; with samples left out, those of the samples shown."""
    if not pen.hides:
        return step.paths
    found = []
    for chain in islice(ways_up(pen, step.node.id), MAX_PATHS):
        slopes = tuple(pen.trace.local(result, operand) for operand, result in pairwise(chain))
        found.append(Path(chain, slopes, prod(slopes)))
    return tuple(found)


def path_heading(pen: Pen, number: int, path: Path) -> Iterator[Line]:
    """`path 2  Loss ← L2 ← o2 ← h1 ← w11`"""
    label = f"path {number}"
    arrow = f" {pen.glyphs.left} "
    names = [pen.name(node) for node in reversed(path.nodes)]
    chain = worded("\x00".join(names).replace("\x00", arrow), pen.width - width_of(label) - 2)
    for i, text in enumerate(chain):
        yield line((label if i == 0 else " " * width_of(label), "path"), "  ", (text, "note"))


def sum_words(pen: Pen, step: GradientStep, paths: Sequence[Path]) -> str:
    """What is added."""
    shown = len(paths)
    if step.path_count > shown:
        rest = others(step, paths)
        if pen.hides:
            return f"{shown} of {counted(step.path_count)} paths; those of the other samples add {pen.number(rest)}"
        return f"the {shown} largest of {counted(step.path_count)} paths; the others add {pen.number(rest)}"
    if shown <= 3:
        return " + ".join(f"path {i}" for i in range(1, shown + 1))
    return f"the sum of the {shown} paths"


def others(step: GradientStep, paths: Sequence[Path]) -> float:
    """What the paths that aren't shown add; nothing where only rounding is left."""
    products = [path.product for path in paths]
    return settled_number(step.value - fsum(products), [step.value, *products])


def difference_words(pen: Pen, node: int, check: Check) -> str:
    """The formula of the finite difference."""
    name, loss = pen.name(node), pen.name(pen.graph.loss)
    minus = pen.glyphs.style.minus
    if check.kink:
        return "finite difference across a kink"
    if pen.options.method == "forward":
        return f"finite difference  ({loss}({name}+h) {minus} {loss}({name})) / h"
    return f"finite difference  ({loss}({name}+h) {minus} {loss}({name}{minus}h)) / 2h"


def closing(
    pen: Pen, words: str, value: str, mark: tuple[str | Piece, ...], column: int, value_width: int, name: str = ""
) -> Iterator[Line]:
    """A line whose value stands under the products'; words too long for it take lines of their own."""
    lead = line(" " * INDENT, (name, "name"), "  " if name else "")
    result = ((" = ", "rule"), (value, "result" if name else "numbers"), *line(*mark))
    room = pen.width - length(lead)
    texts = wrapped(words, room) if "(" in words else worded(words, room)
    texts = [piece for text in texts for piece in worded(text, room)]
    for i, text in enumerate(texts):
        front = lead if i == 0 else line(" " * length(lead))
        here = (*front, (text, "note"))
        if i < len(texts) - 1:
            yield here
        elif length(here) <= column:
            yield (*here, (" " * (column - length(here)), "text"), *result)
        elif length(here) + 3 + value_width + length(line(*mark)) <= pen.width:
            yield (*here, *result)
        else:
            yield here
            yield (*line(" " * column), *result)


# ---------------------------------------------------------------- in symbols
def symbolic(pen: Pen, node: int) -> Block:
    """One gradient in formulas: each path's product of derivatives, then with each factor's formula put in."""
    count = pen.trace.path_count(node)
    block = Block([line()])
    block.extend(opening(pen, node, count))
    block.extend(picture(pen, node, count if not pen.hides else None))
    style = pen.glyphs.style
    paths = pen.trace.paths(node, MAX_PATHS) if count <= MAX_PATHS else ()
    chains = [factors(pen, path) for path in paths]
    for number, (path, chain, widths) in enumerate(zip(paths, chains, common_widths(chains), strict=True), 1):
        block.lines.append(line())
        if count > 1:
            block.extend(path_heading(pen, number, path))
        block.extend(product_lines(chain, widths, pen.width, style.times, pen.glyphs.dash, values=False))
        for i, text in enumerate(wrapped(put_together(pen, path), pen.width - INDENT - 2)):
            block.add(" " * INDENT, ("= " if i == 0 else "  ", "rule"), (text, "result"))
    block.lines.append(line())
    if count > 1:
        words = sum_words_symbolic(count, len(paths))
        lead = line(" " * INDENT, (pen.total(node), "name"), "  ")
        for i, text in enumerate(worded(words, pen.width - length(lead))):
            block.lines.append((*(lead if i == 0 else line(" " * length(lead))), (text, "note")))
    return block


def sum_words_symbolic(count: int, shown: int) -> str:
    if shown == 0:
        return f"the sum of {counted(count)} paths; each upstream gradient above is calculated once"
    return " + ".join(f"path {i}" for i in range(1, shown + 1)) if shown <= 4 else f"the sum of the {shown} paths"


def put_together(pen: Pen, path: Path) -> str:
    """The product of the factors' formulas, a sum or a negative one in brackets."""
    texts = []
    for operand, result in reversed(list(zip(path.nodes, path.nodes[1:], strict=False))):
        text = pen.formula(local_formula(pen.graph, result, operand))
        if text != "1":
            texts.append(text)
    if not texts:
        return "1"
    return pen.glyphs.style.times.join(bracketed(text, first=i == 0) for i, text in enumerate(texts))


def bracketed(text: str, first: bool) -> str:
    """A factor's text, in brackets where the product would otherwise read differently."""
    depth = 0
    for i, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if depth == 0 and (text[i : i + 3] in (" + ", " − ", " - ") or text[i : i + 3] == " / "):
            return f"({text})"
    return f"({text})" if text.startswith(("-", "−")) and not first else text
