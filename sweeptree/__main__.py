"""`python -m sweeptree` and the console script `sweeptree`."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from sweeptree.cli.app import run_command_line

    sys.exit(run_command_line(sys.argv[1:]))


if __name__ == "__main__":
    main()
