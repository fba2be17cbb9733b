"""Benchmarks, and the cost model.

    python -m tests.benchmarks                    everything, beside the peers that are installed
    python -m tests.benchmarks gradient check     parts: gradient, check, start, large, judge
    python -m tests.benchmarks --json FILE --sizes 2,8,32 --rounds 9 --python VENV/bin/python

Peers come with `pip install 'bptutor[bench]'`; one that isn't there is left out. The project and its peers work in
turn, round by round, and what counts is the median of the rounds' ratios: on a machine that others use too, a time by
itself means little. `start` is measured on the installed package that `--python` names; a checkout starts slower.

Cost model
----------
What a command imports:

    --help, --version, usage errors   typer; rich's console to show an error. No numpy, pydantic, sympy.
    list                              rich, tomllib.
    run, check, verify, quiz          numpy and rich. pydantic for a scenario text not seen before; sympy for a formula
                                      not seen before, and for its own word in `--grad` (the symbolic witness).

How work grows, for N nodes, E edges (operands of all formulas), P parameters, S samples (each has nodes of its own):

    load, build     O(E): index arrays; a shape of equation is lifted once, never unrolled to objects
    run             O(E), one program per (level, template); a sum of products that lies regularly is a matrix product
    one derivative's formula, a screen row      O(operands of the node), made when it is asked for
    check of all P  each parameter costs what depends on it: a weight of the last layer O(1), one of the layer before
                    O(width); P^1 to P^1.5 for n-n-n networks, P^1.0 to P^1.2 measured from n = 32 to 256.
                    Four objective values for each parameter (x ± h and x ± h/2), or eight where the step is changed.
    path counts     O(E), exact whole numbers; the k largest paths O(k·E)
    judging         claims × hypotheses; see `judge`

What is kept between runs: see `backprop_tutor/cache.py`.
"""
