"""What is worked out only as far as somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T", covariant=True)


class Kept(Sequence[T]):
    """The items of an iterable: each is worked out when it is first asked for, and kept. To count them asks for all."""

    def __init__(self, items: Iterable[T]) -> None:
        self._rest: Iterator[T] | None = iter(items)
        self._found: list[T] = []

    def __iter__(self) -> Iterator[T]:
        return iter(self._found) if self._rest is None else self._going_on()

    def _going_on(self) -> Iterator[T]:
        at = 0
        while at < len(self._found) or self._finds_more():
            yield self._found[at]
            at += 1

    def _finds_more(self) -> bool:
        for item in self._rest or ():
            self._found.append(item)
            return True
        self._rest = None
        return False

    def __len__(self) -> int:
        while self._finds_more():
            pass
        return len(self._found)

    def __getitem__(self, index: Any) -> Any:
        len(self)
        return self._found[index]
