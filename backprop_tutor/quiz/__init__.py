"""Practice: which question, what an answer is worth, which hint, what is remembered. `session` is one quiz."""
