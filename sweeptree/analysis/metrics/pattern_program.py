"""A program: finds a pattern in lines, one after the other, each for a bounded time.

    standard input:  {"pattern": text, "lines": [text]}
    standard output: per match [number of the line, {group: text}, text of the first group];
                     [number] for a line that was given up

Standard library only, so that it starts within milliseconds (python -I -S).
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys

SECONDS_PER_LINE = 0.2  # of CPU time, as all limits here: a busy machine changes nothing
SECONDS = 2


class _TooLong(Exception):  # noqa: N818 - no error: it is told
    """A line has had its time."""


def _give_up(*_: object) -> None:
    raise _TooLong


def main() -> None:
    """Read the request, and write what is found as it is found."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    signal.signal(signal.SIGVTALRM, _give_up)
    request = json.load(sys.stdin)
    expression = re.compile(request["pattern"])
    for number, line in enumerate(request["lines"]):
        for answer in _answers(expression, number, line):
            sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _answers(expression: re.Pattern[str], number: int, line: str) -> list[list[object]]:
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_PER_LINE)
    try:
        return [_answer(number, match) for match in expression.finditer(line)]
    except _TooLong:
        return [[number]]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _answer(number: int, match: re.Match[str]) -> list[object]:
    first = match[1] if match.re.groups else match[0]
    named = {name: text for name, text in match.groupdict().items() if text is not None}
    return [number, named, first or ""]


if __name__ == "__main__":
    main()
