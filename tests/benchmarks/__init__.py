"""Benchmarks, and the cost model.

    python -m tests.benchmarks                    everything, beside the peers that are installed
    python -m tests.benchmarks gradient check     parts: gradient, check, start, large, judge
    python -m tests.benchmarks --json FILE --sizes 2,8,32 --rounds 9 --python VENV/bin/python

Peers (`peers.py`: torch, jax, autograd, micrograd, SymPy, and NumPy written by hand) come with
`pip install 'bptutor[bench]'`; one that isn't there is left out, and so is one at a size that nobody would wait for.
The project and its peers work in turn, round by round, and what counts is the median of the rounds' ratios: on a
machine that others use too, a time by itself means little. `start` is measured on the installed
package that `--python` names; a checkout starts slower.

Cost model
----------
What a command imports:

    --help, --version, usage errors   typer. No numpy, pydantic, sympy; rich only to colour an error on a terminal.
    list                              tomllib.
    run, check, verify, quiz          numpy and msgspec; rich for a screen with styles (a terminal, `--color always`).
                                      pydantic for a scenario text not seen before; sympy for a formula not seen before,
                                      and for its own word in `--grad` (the symbolic witness).

A module of ours costs about 0.2 ms, a regular expression up to 0.5 ms, a dataclass 0.4 to 0.8 ms: so what help and
errors load has named tuples, all else msgspec's Structs. What only some runs show is imported by those.
tests/test_imports.py and tests/test_costs.py hold what is imported.

How work grows, for N nodes, E edges (operands of all formulas), P parameters, S samples (each has nodes of its own);
the exponents are of P, measured from n = 32 to 256 (2,112 to 131,584 parameters) of n-n-n networks:

    load, build     O(E): index arrays; a shape of equation is lifted once, never unrolled to objects. Measured: 0.94
    run             O(E), one program per (level, template); a sum of products that lies regularly is a matrix product.
                    Measured: 0.2 to 0.3, for most of it is still the fixed cost of some thirty calls of NumPy. Small
                    graphs are played as a tape of single numbers: O(E) again, without that fixed cost
    one derivative's formula, a screen row      O(operands of the node), made when it is asked for
    check of all P  each parameter costs what depends on it: a weight of the last layer O(1), one of the layer before
                    O(width); P^1 to P^1.5 for n-n-n networks. Measured: 1.0 to 1.2.
                    Four objective values for each parameter (x ± h and x ± h/2), or eight where the step is changed.
    samples         O(S) everywhere: they are nodes of the same graph, and share the programs and the matrix products
    path counts     O(E), exact whole numbers; the k largest paths O(k·E)
    judging         O(claims), each by the hypotheses about its line: what is right costs one evaluation at a few
                    points, what is wrong some dozens of rewritten formulas (`judge` measures both); all of a sheet
                    again under a convention only if wrong lines may follow it and no right one contradicts it

What is kept between runs: see `backprop_tutor/cache.py`.
"""
