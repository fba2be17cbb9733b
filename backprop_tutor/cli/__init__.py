"""The command line: arguments in, exit status out. `program` is the door."""
