"""The first program on a host: reads another one from its stdin and runs it.

stdin: a line with the lengths of the program and of the request, the program, the request (JSON),
and then whatever belongs to the program. stdout: the answer as JSON, unless the program writes its
own and answers None.
"""

import json
import sys


def run() -> None:
    """Run what stdin holds; what the system refuses is an answer too."""
    stream = sys.stdin.buffer
    program_size, request_size = map(int, stream.readline().split())
    program = stream.read(program_size)
    request = json.loads(stream.read(request_size))
    scope = {"__name__": "__main__"}
    code = compile(program, "<sweeptree>", "exec")
    exec(code, scope)  # noqa: S102 - that is what it is for
    main = scope["main"]

    try:
        answer = main(request, stream)  # type: ignore[operator]
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        why = error.strerror or str(error)
        answer = {"error": where + why, "errno": error.errno}

    if answer is not None:
        print(json.dumps(answer))  # noqa: T201 - the answer


if __name__ == "__main__":
    run()
