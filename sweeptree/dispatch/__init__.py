"""The chat: people and coding agents dispatch sweeptree from where they work.

    server.serve(...)     the tools of `sweeptree mcp`; imported by its name, for it loads the SDK
    wanted_files(...)     every file that `sweeptree init` writes into a repository
    compare(...)          what of them stands there already, is stale, or was changed by a person
    write(...)            write them; nothing outside the repository, nothing through a link

Hides: the formats of editors and agents, and how a file of ours is told from one that was edited.
"""

from sweeptree.dispatch.comparing import Change, Planned, compare
from sweeptree.dispatch.repository_files import wanted_files
from sweeptree.dispatch.values import Part, WantedFile
from sweeptree.dispatch.writing import note_command, write

__all__ = [
    "Change",
    "Part",
    "Planned",
    "WantedFile",
    "compare",
    "note_command",
    "wanted_files",
    "write",
]
