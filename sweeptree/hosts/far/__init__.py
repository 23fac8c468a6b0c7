"""Programs that run on a host, and how they are asked.

They are sent over the pipe that carries their answer, so they need no installation there: each of
the modules beside `asking` is standard library only and knows nothing of the others. `boot` reads
the program and calls its `main(request, stdin)`.
"""
