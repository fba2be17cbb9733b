"""Output: one module per format."""
