"""Output: how each command's results look, in every format; nothing is calculated here that is not only layout.

`screen` (the stream: encoding, width, colour) and `lines` (styled text, measured and wrapped by ourselves) are the
ground; `equations`, `fractions` and `tables` lay out; `run`, `verify` and `quiz` hold a command's screens each.
"""
