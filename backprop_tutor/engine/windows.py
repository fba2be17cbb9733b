"""Convolutions and pooling: functions whose elements each look at a window of an array, and so have formulas apart.

    conv2d(X, K, stride, padding)              y[i,j] = Σ K[a,b]·X[i·stride + a - padding, j·stride + b - padding]
    conv_transpose2d(X, K, stride, padding)    every X[i,j] puts K, times itself, where a convolution would look
    max_pool(X, size, stride), average_pool    the largest, or the mean, of each window

As networks mean it the kernel isn't turned round. What padding adds is 0, so those terms are left out. `conv1d` is the
same of vectors. With channels first, X[c,i,j], the kernel has as many and they are added up; one channel and a kernel
of three dimensions give a map for each of its matrices. A pool takes every channel by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TypeAlias

from ..formulas import functions as table
from ..formulas.expression import (
    Call,
    Element,
    Expression,
    Group,
    Indexed,
    Name,
    Number,
    Product,
    Range,
    Sum,
    number,
    transform,
    ungrouped,
    walk,
)
from ..values import Struct
from .rearranging import Shape, fault, shape_text

ShapeOf: TypeAlias = Callable[[Expression], Shape]


class _Windows(Struct, frozen=True):
    """How a call looks over its array: `axes` are the lengths of what the windows move over."""

    axes: Shape
    size: Shape
    stride: int
    padding: int
    transposed: bool

    def count(self, axis: int) -> int:
        """How many results there are along an axis."""
        length, size = self.axes[axis], self.size[axis]
        if self.transposed:
            return (length - 1) * self.stride + size - 2 * self.padding
        return (length + 2 * self.padding - size) // self.stride + 1

    def looked_at(self, axis: int, place: int) -> Iterator[tuple[int, int]]:
        """Where in the window, and where in the array, the result at a place looks along an axis."""
        for a in range(self.size[axis]):
            if self.transposed:
                at, rest = divmod(place + self.padding - a, self.stride)
                if rest:
                    continue
            else:
                at = place * self.stride + a - self.padding
            if 0 <= at < self.axes[axis]:
                yield a, at


def has_windows(node: Expression) -> bool:
    """Does a formula hold such a function?"""
    return any(isinstance(part, Call) and part.function in table.WINDOWS for part in walk(node))


def shape_of_windows(node: Call, shape_of: ShapeOf) -> Shape:
    """The shape of a call; FormulaError where its arguments do not fit."""
    windows, channels = _windows(node, shape_of)
    counts = tuple(windows.count(axis) for axis in range(len(windows.axes)))
    if min(counts) < 1:
        what = "a window" if node.function in POOLS else "the kernel"
        raise fault(
            node, f"{what} of {shape_text(windows.size)} does not fit into {shape_text(windows.axes)}", "too large"
        )
    return (*channels, *counts)


def seen_from(node: Call, index: Shape, shape_of: ShapeOf) -> Iterator[tuple[Shape, Shape]]:
    """What one element is made of, all counted from 0: each place of the kernel, and that of the array beside it."""
    windows, alone = _windows(node, shape_of)
    maps, own = index[: len(alone)], index[len(alone) :]
    places = list(product(*(tuple(windows.looked_at(axis, place)) for axis, place in enumerate(own))))
    if node.function in POOLS:
        yield from (((), (*maps, *(at for _, at in place))) for place in places)
        return
    shape = shape_of(node.arguments[0])
    for front in [(c,) for c in range(shape[0])] if len(shape) > len(own) else [()]:
        for place in places:
            yield (*maps, *front, *(a for a, _ in place)), (*front, *(at for _, at in place))


def by_slices(node: Expression, shape_of: ShapeOf) -> Expression:
    """The formula with calls without padding over slices, K[1,1]*X[1:3,1:3] + ..., all elements of which are alike."""

    def change(part: Expression) -> Expression:
        if not isinstance(part, Call) or part.function not in table.WINDOWS:
            return part
        windows, alone = _windows(part, shape_of)
        return part if windows.padding or windows.transposed else _sliced(part, windows, alone, shape_of)

    return transform(node, change)


def _sliced(node: Call, windows: _Windows, alone: Shape, shape_of: ShapeOf) -> Expression:
    array = node.arguments[0]
    reach = [windows.stride * (windows.count(axis) - 1) for axis in range(len(windows.axes))]
    every: tuple[int | Range, ...] = (Range(None, None),) * len(alone)

    def seen(front: Sequence[int | Range], at: Sequence[int]) -> Expression:
        slices = (Range(a + 1, a + far + 1, windows.stride) for a, far in zip(at, reach, strict=True))
        return _part(array, (*front, *slices))

    places = list(product(*map(range, windows.size)))
    if node.function in POOLS:
        parts = tuple(seen(every, at) for at in places)
        if node.function == "max_pool":
            return Call("max", parts, 0, "max", node.span) if len(parts) > 1 else parts[0]
        return Product((("*", Group(Sum(tuple((1, one) for one in parts)))), ("/", number(len(parts)))), node.span)
    kernel = node.arguments[1]
    lengths = tuple(number(length) for length in (*alone, *(1 for _ in windows.axes)))
    terms: list[tuple[int, Expression]] = []
    for front in [(c + 1,) for c in range(shape_of(array)[0])] if len(shape_of(array)) > len(windows.axes) else [()]:
        for at in places:
            weight = _part(kernel, (*every, *front, *(a + 1 for a in at)))
            if alone:
                weight = Call("reshape", (weight, *lengths), 0, "reshape", node.span)
            terms.append((1, Product((("*", weight), ("*", seen(front, at))), node.span)))
    return Group(Sum(tuple(terms)), node.span) if len(terms) > 1 else terms[0][1]


POOLS = {"max_pool": "max", "average_pool": "mean"}


def _windows(node: Call, shape_of: ShapeOf) -> tuple[_Windows, Shape]:
    """How a call looks over its array, and the lengths of what it does by itself for each (channels, or kernels)."""
    shape, name = shape_of(node.arguments[0]), node.text or node.function
    if node.function in POOLS:
        if not shape:
            raise fault(node.arguments[0], f"{name} takes an array", "a number")
        size = _whole(node.arguments[1], name, 1)
        stride = _whole(node.arguments[2], name, 1) if len(node.arguments) > 2 else size
        axes = shape[-2:]
        return _Windows(axes, (size,) * len(axes), stride, 0, False), shape[:-2]
    depth, transposed = 1 if "1d" in node.function else 2, "transpose" in node.function
    of = ("a vector", "a matrix")[depth - 1]
    kernel = shape_of(node.arguments[1])
    for argument, own in zip(node.arguments, (shape, kernel), strict=False):
        if len(own) not in (depth, depth + 1) or (transposed and len(own) != depth):
            with_channels = "" if transposed else ", or one for each channel"
            raise fault(argument, f"{name} takes {of}{with_channels}", f"shape {shape_text(own)}")
    if (len(shape) > depth and kernel[0] != shape[0]) or len(kernel) < len(shape):
        said = f"{name} needs a kernel of as many channels: {shape[0]}"
        raise fault(node.arguments[1], said, f"shape {shape_text(kernel)}")
    stride = _whole(node.arguments[2], name, 1) if len(node.arguments) > 2 else 1
    padding = _whole(node.arguments[3], name, 0) if len(node.arguments) > 3 else 0
    if padding >= min(kernel[-depth:]):
        raise fault(node.arguments[3], f"the padding of {name} is less than the kernel", "too large")
    maps = kernel[:1] if len(kernel) > len(shape) else ()
    return _Windows(shape[-depth:], kernel[-depth:], stride, padding, transposed), maps


def _whole(argument: Expression, name: str, least: int) -> int:
    typed = ungrouped(argument)
    if not isinstance(typed, Number) or typed.value.denominator != 1 or typed.value < least:
        help = "write max_pool(X, size, stride)" if "pool" in name else f"write {name}(X, K, stride, padding)"
        raise fault(argument, f"{name} needs a whole number from {least} here", "not a whole number", help)
    return int(typed.value)


def _part(array: Expression, indices: tuple[int | Range, ...]) -> Expression:
    """A part of an argument."""
    match ungrouped(array):
        case Name(name):
            return Element(name, indices, array.span)
        case Element(name, own) if not any(isinstance(i, Range) for i in own):
            return Element(name, (*own, *indices), array.span)
        case other:
            return Indexed(other, indices, array.span)
