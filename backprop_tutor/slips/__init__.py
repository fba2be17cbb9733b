"""The catalogue of slips: `catalogue` has one row each, the other modules the rewrites of formulas behind them."""
