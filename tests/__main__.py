"""The one check command: lint, format, types, tests.

python -m tests                 all of it
python -m tests -k packaging    further words go to pytest
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def main() -> int:
    """Run every check, also after one has failed; 0 when all are right."""
    checks = (
        ("lint", ["ruff", "check", "."]),
        ("format", ["ruff", "format", "--check", "."]),
        ("types", ["mypy"]),
        ("tests", ["pytest", "-n", "auto", "--dist", "loadgroup", *sys.argv[1:]]),
    )
    failed = []
    for name, command in checks:
        print(f"== {name}: {' '.join(command)}", flush=True)
        if subprocess.run([sys.executable, "-m", *command], cwd=TOP).returncode:
            failed.append(name)
    if failed:
        print(f"not right: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
