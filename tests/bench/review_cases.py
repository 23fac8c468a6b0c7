"""Changes to the project that the reviewer is graded on: planted defects, and clean changes.

Each is a list of edits (file, old text, new text); old text "" makes or appends to a file, new text
None deletes it. `at`: a piece of the line that must be pointed at, or the file alone.
"""

from __future__ import annotations

from dataclasses import dataclass

Edit = tuple[str, str, str | None]
SIGNAL, METRICS, RECORDS = "ecgnet/signal.py", "ecgnet/metrics.py", "ecgnet/records.py"
TRAIN, SERVICE = "ecgnet/train.py", "ecgnet/service.py"
T_SIGNAL, T_METRICS, T_RECORDS = (
    f"tests/test_{name}.py" for name in ("signal", "metrics", "records")
)
T_SERVICE = "tests/test_service.py"


@dataclass(frozen=True, slots=True)
class Case:
    """One change. `path` and `at`: where the defect is; both empty for a clean change."""

    name: str
    kind: str
    edits: tuple[Edit, ...]
    path: str = ""
    at: str = ""


def _one(name: str, kind: str, path: str, old: str, new: str, at: str) -> Case:
    return Case(name, kind, ((path, old, new),), path, at)


def _added(name: str, kind: str, path: str, text: str, at: str) -> Case:
    return Case(name, kind, ((path, "", text),), path, at)


_AWS = "AKIA" + "Q3EGQ7TYUKMNB2LA"
_GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
_KEY = "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n"

PLANTED = (
    _added("GitHub token", "secret", SERVICE, f'\nTOKEN = "{_GITHUB}"\n', "TOKEN ="),
    _added("AWS key", "secret", RECORDS, f'\nBUCKET_KEY = "{_AWS}"\n', "BUCKET_KEY"),
    _added("private key", "secret", "deploy/key.pem", _KEY, "BEGIN"),
    _one("typo in a name", "undefined name", METRICS, "return same / len(truth)",
         "return smae / len(truth)", "smae"),
    _one("import taken out", "undefined name", RECORDS, "import json\n", "", "json.loads"),
    _added("import forgotten", "undefined name", SIGNAL,
           "\n\ndef rms(x: np.ndarray) -> float:\n    return math.sqrt(float((x**2).mean()))\n",
           "math.sqrt"),
    _added("wrong argument type", "type error", METRICS,
           "\n\ndef report() -> str:\n    return grade([0.5])\n", "grade([0.5])"),
    Case("far caller broken", "type error", (
        (METRICS, "def grade(score: float) -> str:", "def grade(score: float, best: float) -> str:"),
        (METRICS, "score >= 0.9", "score >= 0.9 * best"),
        (T_METRICS, "grade(score) for", "grade(score, 1.0) for"),
        (RECORDS, "import json\n", "import json\n\nfrom ecgnet.metrics import grade\n"),
        (RECORDS, '    name = best(records)\n', '    name = best(records)\n    grade(0.5)\n'),
    ), RECORDS, "grade(0.5)"),
    _one("None has no such method", "type error", RECORDS,
         'return "nothing" if name is None else name.upper()', "return name.upper()", "name.upper"),
    _added("no such attribute", "type error", RECORDS,
           "\n\ndef stem(path: Path) -> str:\n    return path.steam\n", "path.steam"),
    _one("off by one", "failing test", SIGNAL, "len(x) - size + 1", "len(x) - size", ""),
    _one("comparison turned", "failing test", METRICS, "if len(truth) != len(guess)",
         "if len(truth) == len(guess)", ""),
    _one("wrong unit", "failing test", SIGNAL, "60.0 / float", "60000.0 / float", ""),
    _one("assertion removed", "weakened test", T_SIGNAL,
         "    assert heart_rate([5], 100.0) == 0.0\n", "", ""),
    _one("test skipped", "weakened test", T_METRICS, "def test_f1",
         '@pytest.mark.skip(reason="flaky")\ndef test_f1', "skip"),
    _one("tolerance raised", "weakened test", T_SIGNAL, "rel=1e-6", "rel=0.5", "rel=0.5"),
    _one("test removed", "weakened test", T_RECORDS, """

def test_best():
    assert best({"x": 0.1, "y": 0.9}) == "y"
    assert best({}) is None
    assert (title({"x": 1.0}), title({})) == ("X", "nothing")
""", "", ""),
    _one("cases cut", "weakened test", T_SIGNAL, "[1, 2, 3])\ndef", "[1])\ndef", "[1])"),
    _one("failure caught", "weakened test", T_SERVICE,
         '    assert collect(["a", "b"], ["a"]) == ["b"]\n',
         '    try:\n        assert collect(["a", "b"], ["a"]) == ["b"]\n'
         "    except AssertionError:\n        pass\n", "try:"),
    _one("assertion made trivial", "weakened test", T_SERVICE,
         'assert collect(["a", "b"], ["a"]) == ["b"]',
         'assert collect(["a", "b"], ["a"]) == ["b"] or True', "or True"),
    _one("quadratic loop", "slower test", METRICS,
         "    same = sum(", "    for _ in range(6_000_000):\n        pass\n    same = sum(", ""),
    _one("parameter removed", "API break", SIGNAL,
         "def normalise(x: np.ndarray, eps: float = 1e-8) -> np.ndarray:\n"
         '    """Zero mean and unit variance."""\n    return (x - x.mean()) / (x.std() + eps)',
         "def normalise(x: np.ndarray) -> np.ndarray:\n"
         '    """Zero mean and unit variance."""\n    return (x - x.mean()) / (x.std() + 1e-8)',
         "def normalise"),
    Case("function renamed", "API break", (
        (SIGNAL, "def resample(", "def downsample("),
        (T_SIGNAL, "normalise, resample, window", "normalise, window, downsample"),
        (T_SIGNAL, "resample(np.arange(6), 2)", "downsample(np.arange(6), 2)"),
        (T_SIGNAL, "        resample(", "        downsample("),
    ), SIGNAL, ""),
    _one("mutable default", "fault", SERVICE, "seen: list[str] | None = None",
         "seen: list[str] = []", "= []"),
    _one("exception swallowed", "fault", RECORDS,
         "    return {key: float(value) for key, value in json.loads(path.read_text()).items()}",
         "    try:\n        return json.loads(path.read_text())\n    except:\n        return {}",
         "except:"),
    _one("shell with a name in it", "fault", SERVICE,
         'subprocess.run(["tar", "-cf", str(target), str(folder)], check=False).returncode',
         'subprocess.run(f"tar -cf {target} {folder}", shell=True, check=False).returncode',
         "shell=True"),
    _added("pickle from anywhere", "fault", RECORDS,
           "\n\ndef cached(path: Path) -> object:\n    import pickle\n\n"
           "    return pickle.loads(path.read_bytes())\n", "pickle.loads"),
    _added("late binding", "fault", METRICS,
           "\n\ndef scalers(n: int) -> list:\n    found = []\n    for k in range(n):\n"
           "        found.append(lambda x: x * k)\n    return found\n", "lambda"),
    _one("blocking sleep", "fault", SERVICE, "        await asyncio.sleep(seconds)\n",
         "        import time\n\n        time.sleep(seconds)\n", "time.sleep"),
    _one("breakpoint left", "fault", SERVICE, "    known = set", "    breakpoint()\n    known = set",
         "breakpoint"),
    _added("eval of input", "fault", RECORDS,
           "\n\ndef parse(text: str) -> object:\n    return eval(text)\n", "eval("),
    _added("assert of a tuple", "fault", METRICS,
           '\n\ndef check(x: float) -> None:\n    assert (x > 0, "positive")\n', "assert ("),
    _added("too many branches", "complexity", METRICS,
           "\n\ndef label(x: int) -> str:\n"
           + "".join(f'    if x == {n} or x == {n + 50}:\n        return "{n}"\n' for n in range(10))
           + '    return ""\n', "def label"),
    _added("loop over an array", "performance", SIGNAL,
           "\n\ndef scaled(x: np.ndarray, y: np.ndarray) -> np.ndarray:\n    out = np.zeros(len(x))\n"
           "    for i in range(len(x)):\n        out[i] = x[i] * y[i]\n    return out\n",
           "for i in range"),
    _added("growing array", "performance", SIGNAL,
           "\n\ndef joined(parts: list[np.ndarray]) -> np.ndarray:\n    out = np.zeros(0)\n"
           "    for part in parts:\n        out = np.concatenate([out, part])\n    return out\n",
           "np.concatenate"),
    _added("copy in a loop", "performance", SIGNAL,
           "\n\ndef spread(x: np.ndarray, n: int) -> list[np.ndarray]:\n    out = []\n"
           "    for k in range(n):\n        out.append(x.copy() + k)\n    return out\n", "x.copy()"),
    _one("item on every step", "performance", TRAIN, "total += loss.detach()",
         "total += loss.item()", "loss.item"),
    _one("graph kept", "performance", TRAIN, "total += loss.detach()", "total += loss",
         "total += loss"),
    _one("no workers", "performance", TRAIN, ", num_workers=4, pin_memory=True", "", "DataLoader("),
    _one("gradients in eval", "performance", TRAIN, "@torch.no_grad()\ndef", "def", "model.eval"),
    _one("tensor made on the CPU", "performance", TRAIN, "        loss.backward()",
         "        loss = loss + torch.zeros(1).to(device).sum()\n        loss.backward()",
         "torch.zeros(1)"),
    _one("boundary moved", "logic slip", METRICS, "score >= 0.7", "score > 0.75", "0.75"),
    _one("sign lost", "logic slip", SIGNAL, "(x.std() + eps)", "(x.std() - eps)", "x.std()"),
    _one("wrong order", "logic slip", RECORDS, "return sorted(folder.glob(pattern))",
         "return sorted(folder.rglob(pattern))", "rglob"),
    _added("never run", "logic slip", SIGNAL,
           "\n\ndef median_gap(peaks: list[int]) -> float:\n    gaps = np.diff(peaks)\n"
           "    middle = len(gaps) // 2\n    ordered = np.sort(gaps)\n"
           "    if len(gaps) % 2:\n        return float(ordered[middle + 1])\n"
           "    return float(ordered[middle - 1 : middle + 1].mean())\n", "gaps = np.diff(peaks)"),
)  # fmt: skip

CLEAN = (
    Case("docstring", "docs", ((SIGNAL, "Zero mean and unit variance.", "Mean 0, variance 1."),)),
    Case("readme", "docs", (("README.md", "Classifies ECGs.", "Classifies ECGs of 12 leads."),)),
    Case("comment", "docs", ((SIGNAL, "    gaps = np", "    # in seconds\n    gaps = np"),)),
    Case("local renamed", "refactoring", (
        (METRICS, "same = sum(a == b", "equal = sum(a == b"),
        (METRICS, "return same /", "return equal /"),
    )),
    Case("function and test", "feature", (
        (METRICS, "", "\n\ndef error(truth: list[int], guess: list[int]) -> float:\n"
         '    """The share of different labels."""\n    return 1.0 - accuracy(truth, guess)\n'),
        (T_METRICS, "import accuracy, f1", "import accuracy, error, f1"),
        (T_METRICS, "", "\n\ndef test_error():\n    assert error([1, 0], [1, 1]) == 0.5\n"),
    )),
    Case("bug fixed with a test", "fix", (
        (METRICS, '    same = sum(', '    if not truth:\n        return 0.0\n    same = sum('),
        (T_METRICS, "    with pytest", "    assert accuracy([], []) == 0.0\n    with pytest"),
    )),
    Case("helper moved", "refactoring", (
        (METRICS, '''

def grade(score: float) -> str:
    """A letter for a score between 0 and 1."""
    if score >= 0.9:
        return "A"
    if score >= 0.7:
        return "B"
    return "C"
''', ""),
        (METRICS, "from __future__ import annotations\n",
         "from __future__ import annotations\n\nfrom ecgnet.letters import grade as grade\n"),
        ("ecgnet/letters.py", "", '''\
"""Letters."""


def grade(score: float) -> str:
    """A letter for a score between 0 and 1."""
    if score >= 0.9:
        return "A"
    if score >= 0.7:
        return "B"
    return "C"
'''),
    )),
    Case("annotations", "refactoring", (
        (TRAIN, "def loader(data, batch_size: int = 32):",
         "def loader(data: object, batch_size: int = 32) -> DataLoader:"),
    )),
    Case("another test", "tests", (
        (T_SIGNAL, "", "\n\ndef test_window_of_all():\n    assert window(np.arange(3), 3).shape == (1, 3)\n"),
    )),
    Case("test renamed", "tests", ((T_RECORDS, "def test_records", "def test_records_on_disk"),)),
    Case("stricter test", "tests", ((T_SIGNAL, "rel=1e-6", "rel=1e-7"),)),
    Case("dead code removed", "refactoring", (
        (SIGNAL, "\n\ndef _unused_gain(x: np.ndarray) -> np.ndarray:\n    return x * 2\n", ""),
    )),
    Case("version", "settings", (("pyproject.toml", "0.3.0", "0.3.1"),)),
    Case("optional parameter with a test", "feature", (
        (RECORDS, "def best(records: dict[str, float]) -> str | None:",
         "def best(records: dict[str, float], *, least: float = 0.0) -> str | None:"),
        (RECORDS, "    return max(records, key=lambda name: records[name])",
         "    name = max(records, key=lambda name: records[name])\n"
         "    return name if records[name] >= least else None"),
        (T_RECORDS, "    assert best({}) is None\n",
         '    assert best({}) is None\n    assert best({"x": 0.1}, least=0.5) is None\n'
         '    assert best({"x": 0.5}, least=0.5) == "x"\n    assert best({"x": 0.0}) == "x"\n'
         '    assert best({"x": -1.0}) is None\n'),
    )),
    Case("vectorised", "refactoring", (
        (SIGNAL, "    starts = range(0, len(x) - size + 1, step)\n"
         "    return np.stack([x[start : start + size] for start in starts])",
         "    views = np.lib.stride_tricks.sliding_window_view(x, size)\n    return views[::step]"),
    )),
    Case("log every hundredth step", "feature", (
        (TRAIN, "    for x, y in batches:", "    for step, (x, y) in enumerate(batches):"),
        (TRAIN, "        total += loss.detach()\n",
         "        total += loss.detach()\n        if step % 100 == 0:\n"
         "            logger.info(\"loss %.3f\", loss.item())\n"),
        (TRAIN, "import torch\n", "import logging\n\nimport torch\n"),
        (TRAIN, "\n\ndef loader", "\nlogger = logging.getLogger(__name__)\n\n\ndef loader"),
    )),
)  # fmt: skip
