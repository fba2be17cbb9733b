"""What there is to show of a run: its steps as data, the formula of every derivative, the work of a rounding person."""
