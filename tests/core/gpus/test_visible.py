"""What CUDA, Slurm and a list of devices leave of the GPUs."""

import pytest

from core.gpu_kit import UUID
from sweeptree import gpus
from sweeptree.errors import UsageError
from sweeptree.gpus.visible import lacks_allotment
from sweeptree.model import Device

DEVICES = tuple(
    Device(uuid, index, "NVIDIA A100", 40960, 40960)
    for uuid, index in [
        ("GPU-aa11", 0),
        ("GPU-ab22", 1),
        ("MIG-c1", 2),
        ("MIG-c2", 2),
        ("MIG-GPU-dd/1/0", 3),
    ]
)


@pytest.mark.parametrize(
    ("value", "uuids"),
    [
        (None, ["GPU-aa11", "GPU-ab22", "MIG-c1", "MIG-c2", "MIG-GPU-dd/1/0"]),
        ("", []),
        (" ", []),
        ("NoDevFiles", []),
        ("-1", []),
        ("1", ["GPU-ab22"]),
        ("1,0", ["GPU-ab22", "GPU-aa11"]),
        (" 1 , 0 ", ["GPU-ab22", "GPU-aa11"]),
        ("0,9,1", ["GPU-aa11"]),
        ("0,-1,1", ["GPU-aa11"]),
        ("0,0,1", ["GPU-aa11", "GPU-ab22"]),
        ("GPU-ab22", ["GPU-ab22"]),
        ("GPU-ab", ["GPU-ab22"]),
        ("GPU-a", []),
        ("1,GPU-a,0", ["GPU-ab22"]),
        ("ab22", []),
        ("2", ["MIG-c1"]),
        ("MIG-c2", ["MIG-c2"]),
        ("MIG-GPU-dd/1/0", ["MIG-GPU-dd/1/0"]),
        ("\N{ARABIC-INDIC DIGIT ONE}", []),
    ],
)
def test_allowed(value: str | None, uuids: list[str]) -> None:
    assert [device.uuid for device in gpus.allowed(DEVICES, value)] == uuids


CARDS = tuple(Device(UUID.format(n), n, "NVIDIA A100", 40960, 40960) for n in range(4))


FOUND = gpus.Detection(CARDS, "550", None, ())


def indices(devices: tuple[Device, ...]) -> list[int]:
    return [device.index for device in devices]


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ((), [0, 1, 2, 3]),
        (("2", "0"), [2, 0]),
        (("^0",), [1, 2, 3]),
        (("0", "1", "^1"), [0]),
        ((UUID.format(3),), [3]),
        ((f"^{UUID.format(3)[:12]}",), [0, 1, 2]),
        (("1", "1"), [1]),
    ],
)
def test_a_list_of_devices(names: tuple[str, ...], left: list[int]) -> None:
    assert indices(gpus.narrowed(FOUND, names).devices) == left


@pytest.mark.parametrize(
    ("names", "why"),
    [(("9",), "no GPU 9"), (("^GPU-x",), "no GPU GPU-x"), (("0", "^0"), "leaves no GPU")],
)
def test_a_list_that_fits_nothing_is_refused(names: tuple[str, ...], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        gpus.narrowed(FOUND, names)


@pytest.mark.parametrize(
    ("environ", "left"),
    [
        ({}, [0, 1, 2, 3]),
        ({"SLURM_JOB_GPUS": "1,3"}, [1, 3]),
        ({"SLURM_JOB_GPUS": "1-2"}, [1, 2]),
        ({"SLURM_JOB_GPUS": "1,3", "SLURM_STEP_GPUS": "3"}, [3]),
        ({"SLURM_JOB_GPUS": "4,5,6,7"}, [0, 1, 2, 3]),
        ({"SLURM_JOB_GPUS": "gpu:a100:1"}, [0, 1, 2, 3]),
    ],
)
def test_a_slurm_allocation(environ: dict[str, str], left: list[int]) -> None:
    assert indices(gpus.allotted(CARDS, environ)) == left


@pytest.mark.parametrize(
    ("environ", "lacks"),
    [
        ({}, False),
        ({"SLURM_JOB_ID": "7"}, True),
        ({"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "1"}, False),
        ({"SLURM_JOB_ID": "7", "SLURM_GPUS_ON_NODE": "2"}, False),
    ],
)
def test_a_slurm_job_without_an_allotment_has_none(environ: dict[str, str], lacks: bool) -> None:
    assert lacks_allotment(environ) is lacks
