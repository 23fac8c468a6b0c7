"""What the deliveries of one process share: a token that was not accepted is tried once, not once
per delivery."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from sweeptree.errors import ForgeError, PushError


class Gate:
    """Lets deliveries through one by one until one has worked, then all at once; none after a
    refused token."""

    def __init__(self) -> None:
        self._alone = threading.Lock()
        self._is_trusted = False
        self._refusal: PushError | ForgeError | None = None

    @contextlib.contextmanager
    def passing(self) -> Iterator[None]:
        """Hold this round whatever asks the remote or the forge.

        Raises ForgeError of kind `auth`, without any request, after another one inside was refused
        for its token.
        """
        with contextlib.nullcontext() if self._is_trusted else self._alone:
            if self._refusal is not None:
                raise _not_tried(self._refusal)
            with self._noticing_refusals():
                yield
            self._is_trusted = True

    @contextlib.contextmanager
    def _noticing_refusals(self) -> Iterator[None]:
        try:
            yield
        except (PushError, ForgeError) as error:
            if error.kind == "auth":
                self._refusal = error
            raise


def _not_tried(refusal: PushError | ForgeError) -> ForgeError:
    text = f"not tried, because the token was refused a moment ago: {refusal.message}"
    return ForgeError(text, kind="auth", hint=refusal.hint)
