"""The program `python start.py REQUEST.json`: load this package under a private name and search.

A private name, because the user's own project may have a module called `search` or `templates`.
"""

import importlib.util
import sys
from pathlib import Path

NAME = "_sweeptree_repair_search"
OLDEST = (3, 10)


def main() -> int:
    """Run the search that the request file describes; the exit code says whether it could begin."""
    if sys.version_info < OLDEST:
        sys.stderr.write("the search needs Python 3.10 or newer\n")
        return 3
    folder = Path(__file__).resolve().parent
    sys.path[:] = [path for path in sys.path if path != str(folder)]
    spec = importlib.util.spec_from_file_location(
        NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        return 3
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    plugin = importlib.import_module(f"{NAME}.plugin")
    return int(plugin.run(Path(sys.argv[1])))


if __name__ == "__main__":
    sys.exit(main())
