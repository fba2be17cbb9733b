"""Formulas: text to tree and back, and the table of functions. Nothing here knows of scenarios or graphs."""
