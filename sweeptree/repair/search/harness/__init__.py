"""The part of the search that runs in the user's own Python: standard library and their pytest.

Hides: how tests are run hundreds of times in a second (forked children of one process that has
collected them, with changed code objects swapped into the living functions), and how each change is
made as an edit of the text. `start.py` is the program; nothing here imports another room.
"""
