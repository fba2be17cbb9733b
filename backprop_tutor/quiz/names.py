"""The names that the options of `quiz` take; importing them costs nothing."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The kinds of questions."""

    VALUE = "value"
    LOCAL = "local"
    FORMULA = "formula"
    FACTOR = "factor"
    PATH = "path"
    GRADIENT = "gradient"
    ADJOINT = "adjoint"
    UPDATE = "update"
    DERIVATION = "derivation"
    FIND = "find"
    EYE = "eye"


class Activation(StrEnum):
    """The activations of random networks."""

    SIGMOID = "sigmoid"
    TANH = "tanh"
    RELU = "relu"
    LEAKY_RELU = "leaky_relu"
    ELU = "elu"
    SOFTPLUS = "softplus"
    SILU = "silu"
    GELU = "gelu"
    IDENTITY = "identity"


class Loss(StrEnum):
    """The losses of random networks."""

    HALF_SQUARED = "half_squared"
    SQUARED = "squared"
    MEAN_SQUARED = "mean_squared"
    CROSS_ENTROPY = "cross_entropy"
    BINARY = "binary_cross_entropy"


class Shared(StrEnum):
    """What the units of a layer share."""

    NOTHING = "nothing"
    BIAS = "bias"
    WEIGHTS = "weights"
