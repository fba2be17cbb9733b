"""`python -m backprop_tutor` is `bptutor`."""

from .cli import main

if __name__ == "__main__":
    main()
