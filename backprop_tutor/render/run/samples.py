"""Several samples: each one's values and loss, and the gradients of each beside those of all together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..equations import heading
from ..lines import Block, line
from ..tables import grid
from .pen import Pen

ROWS = 20  # samples listed; of more the first half as many


def loss_of(pen: Pen, sample: int) -> int | None:
    """The node of one sample's own loss, `L#2`; None where the loss isn't made of such."""
    return pen.graph.find(f"{pen.graph.name(pen.graph.loss)}#{sample}")


def overview(pen: Pen) -> Iterator[Block]:
    """One line a sample, where not all samples are shown in full."""
    count = len(pen.graph.scenario.samples)
    if not pen.hides or pen.symbolic:
        return
    listed = list(range(1, count + 1)) if count <= ROWS else list(range(1, ROWS // 2 + 1))
    leaves = [b for b in pen.graph.blocks.values() if b.sample == 1 and b.kind != "computed"]
    bases = [b.name.removesuffix("#1") for b in leaves if b.size == 1]
    loss = pen.glyphs.text(pen.graph.name(pen.graph.loss))
    header = ["sample", *(pen.glyphs.text(base) for base in bases), loss]
    rows = []
    for sample in listed:
        nodes = [pen.graph.id(f"{base}#{sample}") for base in bases]
        own = loss_of(pen, sample)
        end = pen.number(pen.trace.value(own)) if own is not None else ""
        rows.append([str(sample), *(pen.value(node) for node in nodes), end])
    shown = ", ".join(map(str, pen.samples))
    words = f"{count} samples; in full: {shown} (others: --samples)"
    block = Block([line(), *heading("Samples", words, pen.width, pen.glyphs.dash)])
    block.extend(grid(header, rows, pen.width, plain=pen.screen.plain))
    if len(listed) < count and (own_losses := _losses(pen, count)) is not None:
        low, high = int(np.argmin(own_losses)), int(np.argmax(own_losses))
        rest = (
            f"and {count - len(listed)} more: {loss} from {pen.number(own_losses[low])} (sample {low + 1}) "
            f"to {pen.number(own_losses[high])} (sample {high + 1})"
        )
        block.add("  ", (rest, "note"))
    yield block


def _losses(pen: Pen, count: int) -> list[float] | None:
    nodes = [loss_of(pen, sample) for sample in range(1, count + 1)]
    return None if None in nodes else [pen.trace.value(node) for node in nodes if node is not None]


def gradients(pen: Pen) -> Iterator[Block]:
    """Every parameter's gradient for each sample shown, and for all samples together."""
    if not pen.samples or pen.symbolic:
        return
    losses = [(sample, loss_of(pen, sample)) for sample in pen.samples]
    if any(node is None for _, node in losses):
        return
    together = "sum" if pen.graph.scenario.over_samples == "sum" else "mean"
    header = ["", *(f"sample {sample}" for sample, _ in losses), f"{together} of all"]
    rows = []
    for shared in pen.graph.sources():
        if pen.graph.block_of(shared).sample is None:
            own = [pen.trace.adjoints_of(node)[shared] for _, node in losses if node is not None]
            numbers = [pen.number(float(x)) for x in (*own, pen.trace.gradient(shared))]
            rows.append([pen.total(shared), *numbers])
    block = Block([line(), *heading("Gradients by sample", "", pen.width, pen.glyphs.dash)])
    block.extend(grid(header, rows, pen.width, names=True, plain=pen.screen.plain))
    yield block
