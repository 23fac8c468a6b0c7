"""A log with a cap keeps its head and its tail."""

from pathlib import Path

from core.keeper_kit import Kit

MEGABYTE = 1 << 20


def test_a_capped_log_keeps_head_and_tail(kit: Kit) -> None:
    outcome, log = kit.run(
        f"echo first; head -c {8 * MEGABYTE} /dev/zero | tr '\\0' x; echo; echo last", log_cap=4096
    )
    assert log.startswith("first\nx") and log.endswith("x\nlast\n")
    assert outcome.log_bytes == 4096
    assert outcome.log_dropped == 8 * MEGABYTE + 12 - 4096
    assert f"[sweeptree: {outcome.log_dropped} bytes left out, the log is capped]" in log


def test_a_log_below_its_cap_is_whole(kit: Kit) -> None:
    outcome, log = kit.run("seq 1000", log_cap=4096)
    assert log == "".join(f"{n}\n" for n in range(1, 1001))
    assert (outcome.log_bytes, outcome.log_dropped) == (len(log), 0)


def test_a_full_disk_under_a_capped_log_does_not_block_the_job(kit: Kit, tiny_disk: Path) -> None:
    outcome, _ = kit.run(
        "head -c 3000000 /dev/zero; exit 3", log=tiny_disk / "log", log_cap=2 * MEGABYTE
    )
    assert outcome.exit_code == 3
    assert outcome.log_bytes + outcome.log_dropped == 3_000_000
    assert outcome.log_bytes <= 65536
