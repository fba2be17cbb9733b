"""The graph and its numbers: equations unrolled, run forward and backward, nudged. The doors: `graph`, `trace`."""
