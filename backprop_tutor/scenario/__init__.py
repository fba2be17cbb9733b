"""Scenario files: TOML to an immutable `Scenario`, with every fault and its place. `loading` is the door."""
