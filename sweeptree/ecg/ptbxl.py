"""What is known about PTB-XL: leads, layout, versions, folds, label families.

Pure; no input or output.

Source: Wagner et al. (2020), Scientific Data 7, 154, https://doi.org/10.1038/s41597-020-0495-6, and
the change logs of versions 1.0.2 and 1.0.3 on PhysioNet.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
HEADER_LEADS = tuple(lead.upper() for lead in LEADS)
INPUT_LEADS = ("I", "II", "V4")
"""What a reconstruction is given; the other nine leads are predicted."""
SECONDS = 10
RATES = (100, 500)
GAIN = 1000
"""Units per millivolt, so that one unit is one microvolt."""
INVALID = -32768
"""The value that WFDB format 16 uses for "no sample here"."""

TABLE = "ptbxl_database.csv"
STATEMENTS = "scp_statements.csv"
SUMS = "SHA256SUMS.txt"
RECORDS = "RECORDS"
LICENSE = "LICENSE.txt"
FILENAME_COLUMN = {100: "filename_lr", 500: "filename_hr"}
NOISE_COLUMNS = ("baseline_drift", "static_noise", "burst_noise", "electrodes_problems")
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")

MIRROR_URL = "https://physionet-open.s3.amazonaws.com/ptb-xl/1.0.3/"
ZIP_URL = (
    "https://physionet.org/static/published-projects/ptb-xl/"
    "ptb-xl-a-large-publicly-available-electrocardiography-dataset-1.0.3.zip"
)
OFFICIAL_TABLES = {"cd9bf4e6445c5e022605857c4d6f90c90ff0e62df847da52efaebe94de786156": "1.0.3"}
"""sha256 of ptbxl_database.csv: version. Only the digest of 1.0.3 is known for certain."""

_DROPPED_IN_102 = """137 139 140 141 142 143 145 456 458 459 461 462 2506 2511 3795 3798 3800 3832
 5817 7777 7779 7782 9821 9825 9888 11810 11814 11817 11838 13791 13793 13796 13797 13799 15742
 18150"""
DROPPED_IN_102 = frozenset(map(int, _DROPPED_IN_102.split()))
DROPPED_IN_103 = DROPPED_IN_102 | {3801, 11815}
"""ecg_ids of duplicate recordings that the newer versions left out."""

CITATIONS = (
    (
        "Wagner, P., Strodthoff, N., Bousseljot, R.-D., Kreiseler, D., Lunze, F. I., Samek, W., "
        "Schaeffter, T. (2020). PTB-XL, a large publicly available electrocardiography dataset. "
        "Scientific Data 7, 154. https://doi.org/10.1038/s41597-020-0495-6"
    ),
    (
        "Wagner, P., Strodthoff, N., Bousseljot, R., Samek, W., Schaeffter, T. (2022). PTB-XL, a "
        "large publicly available electrocardiography dataset (version 1.0.3). PhysioNet. "
        "https://doi.org/10.13026/kfzx-aw45"
    ),
    (
        "Goldberger, A. L., et al. (2000). PhysioBank, PhysioToolkit, and PhysioNet. "
        "Circulation 101 (23), e215-e220."
    ),
)


def samples(rate: int) -> int:
    """Samples per lead of a record at this rate (Hz)."""
    return rate * SECONDS


def signal_bytes(rate: int) -> int:
    """The size of a .dat file at this rate (Hz): 12 leads of two bytes a sample."""
    return 24 * samples(rate)


def stem(ecg_id: int, rate: int) -> str:
    """The path of a record's two files, without suffix."""
    folder = ecg_id // 1000 * 1000
    suffix = "lr" if rate == 100 else "hr"
    return f"records{rate}/{folder:05d}/{ecg_id:05d}_{suffix}"


def folders(rates: Iterable[int]) -> tuple[str, ...]:
    """The top folders that hold the records of these rates."""
    return tuple(f"records{rate}" for rate in rates)


def split_of(fold: int) -> str:
    """`train` (folds 1-8), `val` (9) or `test` (10): the split that the authors recommend."""
    if fold <= 8:
        return "train"
    return "val" if fold == 9 else "test"


def version_of(table_sha256: str, ecg_ids: Sequence[int]) -> tuple[str, bool]:
    """The version that the content shows, and whether the table is the official one, byte for byte.

    An id that 1.0.2 or 1.0.3 dropped can only come from an older version; ids that all versions
    share prove nothing.
    """
    if table_sha256 in OFFICIAL_TABLES:
        return OFFICIAL_TABLES[table_sha256], True
    present = set(ecg_ids)
    if present & DROPPED_IN_102:
        return "1.0.1 or older", False
    if present & DROPPED_IN_103:
        return "1.0.2", False
    last_dropped = max(DROPPED_IN_103)
    covers_all = max(present, default=0) > last_dropped and len(present) > last_dropped
    return ("1.0.3" if covers_all else "unknown"), False


@dataclass(frozen=True, slots=True)
class Statement:
    """One row of scp_statements.csv: an SCP-ECG code and the families it belongs to."""

    code: str
    diagnostic: bool
    form: bool
    rhythm: bool
    superclass: str
    subclass: str


@dataclass(frozen=True, slots=True)
class Families:
    """The label columns: `classes[family]` in order; `members[family][code]`: a code's class."""

    classes: Mapping[str, tuple[str, ...]]
    members: Mapping[str, Mapping[str, str]]

    @property
    def codes(self) -> tuple[str, ...]:
        """Every known code, in the order of scp_statements.csv."""
        return self.classes["all"]


FAMILY_OF_TASK = {
    "all": "all",
    "diagnostic": "diag",
    "subdiagnostic": "sub",
    "superdiagnostic": "super",
    "form": "form",
    "rhythm": "rhythm",
}


def families(statements: Sequence[Statement]) -> Families:
    """The six label families.

    A code counts whatever its likelihood: 0 means unknown, not absent.
    """
    diagnostic = [s for s in statements if s.diagnostic]
    members = {
        "all": _themselves(statements),
        "diag": _themselves(diagnostic),
        "sub": {s.code: s.subclass for s in diagnostic if s.subclass},
        "super": {s.code: s.superclass for s in diagnostic if s.superclass},
        "form": _themselves([s for s in statements if s.form]),
        "rhythm": _themselves([s for s in statements if s.rhythm]),
    }
    classes = {name: tuple(dict.fromkeys(codes.values())) for name, codes in members.items()}
    classes["super"] = tuple(sorted(classes["super"], key=_superclass_place))
    return Families(classes, members)


def _themselves(statements: Iterable[Statement]) -> dict[str, str]:
    """A family in which each code is a class of its own."""
    return {s.code: s.code for s in statements}


def _superclass_place(name: str) -> int:
    """The usual order; unknown ones come last, in their own order."""
    return SUPERCLASSES.index(name) if name in SUPERCLASSES else len(SUPERCLASSES)


class LabelError(ValueError):
    """A record's scp_codes cannot be used. `check` names the finding."""

    def __init__(self, check: str, detail: str) -> None:
        super().__init__(detail)
        self.check = check


def parse_codes(text: str, known: Mapping[str, str]) -> dict[str, float]:
    """The likelihood (percent) per code of one record.

    The text is read as a literal and never evaluated.

    Raises LabelError for an empty or broken text, an unknown code and a likelihood outside 0..100.
    """
    if not text.strip():
        raise LabelError("label_missing", "scp_codes is empty")
    if len(text) > 10_000:
        raise LabelError("label_syntax", "scp_codes is too long to be a list of codes")
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise LabelError(
            "label_syntax", f"scp_codes is not a literal dict: {text[:60]!r}"
        ) from None
    if not isinstance(value, dict) or not value:
        raise LabelError("label_syntax", f"scp_codes is not a dict of codes: {text[:60]!r}")
    return {_code(code, known): _likelihood(code, number) for code, number in value.items()}


def _code(code: object, known: Mapping[str, str]) -> str:
    if not isinstance(code, str) or code not in known:
        raise LabelError("label_unknown", f"code {str(code)[:40]!r} is not in {STATEMENTS}")
    return code


def _likelihood(code: object, number: object) -> float:
    if not isinstance(number, int | float) or isinstance(number, bool) or not 0 <= number <= 100:
        raise LabelError(
            "label_likelihood", f"likelihood of {code} is {str(number)[:20]}, not 0 to 100"
        )
    return float(number)
