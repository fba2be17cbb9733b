"""Output of `verify`: the screen, plain text, Markdown, JSON and CSV."""
