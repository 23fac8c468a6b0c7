"""The program `python -I -S keeper.py FD`: the nursery on the socket FD, and by fork every keeper.

It runs without site-packages, so that it starts quickly and depends on nothing that a user
installed.
"""

import os
import sys


def main() -> None:
    """Serve the driver at the other end of the socket."""
    here = os.path.abspath(__file__)  # noqa: PTH100 - pathlib is dear at this place
    # At the end of the path: nothing beside our own package can take the place of a standard
    # module.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(here))))  # noqa: PTH120
    from sweeptree.supervise.nursery import serve

    serve(int(sys.argv[1]))


if __name__ == "__main__":
    main()
