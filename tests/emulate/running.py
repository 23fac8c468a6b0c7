"""A running emulate, as the tests see it."""

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADA, GRACE, MIRROR = ("gho_" + letter * 36 for letter in "AGM")


@dataclass(frozen=True)
class Emulate:
    """A running one, with the repository ada/ecg. `bare`: where git pushes to."""

    url: str
    bare: Path

    def get(self, path: str) -> Any:
        """An answer of the interface, to somebody who is not counted."""
        with self._ask(f"/repos/ada/ecg{path}", MIRROR) as answer:
            return json.load(answer)

    def requests_so_far(self) -> int:
        """How many requests were made with the token of the deliveries, by emulate's own count;
        this one counts."""
        with self._ask("/user", ADA) as answer:
            return 5000 - int(answer.headers["x-ratelimit-remaining"])

    def _ask(self, path: str, token: str) -> Any:
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"token {token}"}
        )
        return urllib.request.urlopen(request, timeout=20)
