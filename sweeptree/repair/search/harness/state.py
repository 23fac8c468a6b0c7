"""Whether a test left something behind in this process: module values, environment, threads.

A process that candidates share is only used again while its state is what it was.
"""

from __future__ import annotations

import functools
import gc
import os
import pickle
import random
import sys
import threading
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_PLAIN = (int, float, complex, str, bytes, bool, type(None), frozenset, range)
_CODE = (FunctionType, BuiltinFunctionType, ModuleType, type)
_OF_PYTEST = frozenset({"PYTEST_CURRENT_TEST"})
_Cached: Any = functools._lru_cache_wrapper


class State:
    """The state of the user's modules, as it was when this was made."""

    def __init__(self, root: str) -> None:
        self._caches = [each for each in gc.get_objects() if isinstance(each, _Cached)]
        self._modules = [each for each in list(sys.modules.values()) if _is_below(each, root)]
        self._random = random.getstate()
        self._here = os.getcwd()  # noqa: PTH109
        self._threads = threading.active_count()
        self.refresh()
        self._before = self._digest()

    def refresh(self) -> None:
        """Empty what may be emptied: caches of functions, and the random numbers' state."""
        for cache in self._caches:
            cache.cache_clear()
        random.setstate(self._random)

    def is_changed(self) -> bool:
        """Whether something is not as it was."""
        if threading.active_count() != self._threads:
            return True
        try:
            return os.getcwd() != self._here or self._digest() != self._before  # noqa: PTH109
        except Exception:  # a __reduce__ of the user's that fails, a folder that is gone
            return True

    def _digest(self) -> list[object]:
        variables = {name: text for name, text in os.environ.items() if name not in _OF_PYTEST}
        found: list[object] = [variables]
        for module in self._modules:
            found.append(tuple(map(id, vars(module).values())))
            found.extend(_frozen(value) for value in _values(module))
        return found


def _values(module: ModuleType) -> Iterator[object]:
    """What can change in place: of the module, of its classes, and defaults of its functions."""
    for name, value in list(vars(module).items()):
        if name.startswith("__"):
            continue
        if isinstance(value, type) and value.__module__ == module.__name__:
            yield from _values_of_class(value)
        elif isinstance(value, FunctionType):
            yield from (value.__defaults__ or ())
            yield value.__dict__
        elif not isinstance(value, (*_CODE, *_PLAIN)):
            yield value


def _values_of_class(kind: type) -> Iterator[object]:
    for name, value in list(vars(kind).items()):
        if isinstance(value, FunctionType):
            yield from (value.__defaults__ or ())
        elif not name.startswith("__") and not hasattr(value, "__get__"):
            yield value


def _frozen(value: object) -> object:
    """Something that is equal only while the value is."""
    if isinstance(value, _PLAIN):
        return value
    try:
        return pickle.dumps(value)
    except Exception:  # locks, files, local classes: whatever cannot be pickled
        inside = getattr(value, "__dict__", None)
        return id(value), repr(inside) if inside else None


def _is_below(module: object, root: str) -> bool:
    path = getattr(module, "__file__", None)
    return isinstance(module, ModuleType) and isinstance(path, str) and path.startswith(root)
