"""How a command's output looks, as asked for on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO, TypeAlias

if TYPE_CHECKING:
    from ..render.screen import Screen

Color: TypeAlias = Literal["auto", "always", "never"]


class Look(NamedTuple):
    """The options every command shares; what isn't asked for is left to the stream and the environment."""

    color: Color = "auto"
    ascii: bool = False
    plain: bool = False
    quiet: bool = False

    def screen(self, stream: TextIO) -> Screen:
        """The screen of this look for a stream."""
        from ..render.screen import make_screen

        return make_screen(stream, self.color, self.ascii or None, plain=self.plain or None)
