"""What a job reported, found where it stands: files that trainers and trackers write, or the log.

    collect(places, wanted)     last values, the best of the wanted metric, and the source
    history(places, names)      how metrics went, step by step, for the curves
    printed_points(data, name)  what a piece of a log says, while a job runs

Hides: the formats, which source is asked first, hostile sizes, links planted by a job, torn files.
"""

from sweeptree.analysis.metrics.collect import NOTHING_FOUND, Collected, Wanted, collect
from sweeptree.analysis.metrics.files import MAX_HISTORY_BYTES
from sweeptree.analysis.metrics.history import history, write_history
from sweeptree.analysis.metrics.sources import Places, printed_points

__all__ = [
    "MAX_HISTORY_BYTES",
    "NOTHING_FOUND",
    "Collected",
    "Places",
    "Wanted",
    "collect",
    "history",
    "printed_points",
    "write_history",
]
