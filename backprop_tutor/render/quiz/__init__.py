"""Output of `quiz` and `progress`: on a terminal, and read out line by line."""
