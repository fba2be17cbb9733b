"""Output of `run`; `formats` has the table of formats.

    terminal.show_run(trace, graph, options, screen)   the screen, step by step: `terminal.steps` gives the blocks
    plain.show_run(trace, graph, options, screen)      the same, one fact a line
    by_hand                                            the screen of a person who rounds every step

The terminal's parts are modules of their own: given, forward (with array_equations), local, paths (with picture),
adjoints, update, samples, several_steps, explain, summary; `length` says which parts are too long to be listed, and
`big` sums these up. They read a trace through a `Pen`, which spells names, numbers and formulas for one `Screen`, and
give `Block`s of lines that are measured before they are laid out. `markdown` writes the same steps, with arrays and the
update in modules beside it.
"""
