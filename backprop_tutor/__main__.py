"""`python -m backprop_tutor` is `bptutor`."""

from .cli.program import main

if __name__ == "__main__":
    main()
