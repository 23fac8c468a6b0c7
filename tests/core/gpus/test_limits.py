"""How many jobs fit on GPUs, and the tags and limits for them."""

import pytest

from core.gpu_kit import UUID
from sweeptree import gpus
from sweeptree.model import Device


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("NVIDIA GeForce RTX 4090", "gpu-model:rtx-4090"),
        ("NVIDIA A100-SXM4-80GB", "gpu-model:a100-sxm4-80gb"),
        ("NVIDIA A100 MIG 1g.5gb", "gpu-model:a100-mig-1g.5gb"),
        ("NVIDIA", "gpu-model:unknown"),
    ],
)
def test_tags(name: str, tag: str) -> None:
    device = Device("GPU-1", 0, name, 1, 1)
    assert gpus.tags((device, device), "box") == ("gpu", "gpu:box", tag)


def test_no_devices_no_tags() -> None:
    assert gpus.tags((), "box") == ()


@pytest.mark.parametrize(
    ("number", "memory", "size"), [(1, None, 2), (8, None, 16), (2, 10240, 16), (2, 99999, 4)]
)
def test_the_limit_lets_one_job_wait_behind_each_slot(
    number: int, memory: int | None, size: int
) -> None:
    devices = tuple(Device(f"GPU-{n}", n, "A100", 40960, 40960) for n in range(number))
    assert gpus.limit_size(devices, memory) == size


DEVICES = tuple(Device(UUID.format(n), n, "NVIDIA A100", 40960, 40960) for n in range(4))


@pytest.mark.parametrize(
    ("per_job", "memory", "jobs"),
    [
        (1, None, 4),
        (2, None, 2),
        (3, None, 1),
        (1, 20480, 8),
        (1, 20481, 4),
        (2, 20480, 4),
        (1, 1, 64),
        (1, 50000, 0),
        (4, 10240, 4),
        (0, None, 0),
    ],
)
def test_how_many_jobs_fit(per_job: int, memory: int | None, jobs: int) -> None:
    assert gpus.capacity(DEVICES, per_job, memory) == jobs


def test_unequal_gpus_take_less_for_jobs_on_several() -> None:
    devices = (Device("GPU-a", 0, "A", 80000, 0), Device("GPU-b", 1, "B", 20000, 0))
    assert gpus.capacity(devices, 2, 10000) == 2
