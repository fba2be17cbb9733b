"""What is in order and yet worth a word: what a scenario declares and does not use, what its loss does not need."""

from __future__ import annotations

from collections.abc import Iterator

from .graph import Graph, ancestors


def notes(graph: Graph) -> Iterator[str]:
    """One sentence for each."""
    needed = ancestors(graph, graph.loss)
    seen: set[str] = set()
    for block in graph.blocks.values():
        name = block.name.partition("#")[0]
        if block.kind == "computed" or name in seen:
            continue
        seen.add(name)
        nodes = range(block.start, block.start + block.size)
        if not any(graph.users.get(node) for node in nodes):
            yield f"no equation uses the {'constant' if block.constant else block.kind} '{name}'"
        elif block.kind == "parameter" and not needed[block.start : block.start + block.size].any():
            yield f"'{graph.name(graph.loss)}' does not depend on '{name}': its gradient is 0"
