"""What may go into a commit that leaves this machine."""

from pathlib import Path

import pytest

from sweeptree.errors import Refused
from sweeptree.repository.guards import Examined, Limits, examine, size_of

TOKEN = "ghp_" + "a1B2" * 10


def look(repo: Path, *made: str, tracked: tuple[str, ...] = (), **limits: int) -> Examined:
    return examine(repo, "HEAD", tracked=tracked, made=made, limits=Limits(**limits))


def test_large_new_files_are_left_out_with_the_reason(repo: Path) -> None:
    for name in ("a", "b", "c"):
        (repo / name).write_bytes(b"x" * 10)
    (repo / "d").write_bytes(b"x" * 99)
    found = look(repo, "a", "b", "c", "d", made=50, total=25)
    assert found.paths == ("a", "b")
    assert [left.path for left in found.left_out] == ["c", "d"]
    assert "together" in found.left_out[0].why


def test_links_that_lead_outside_are_left_out(repo: Path) -> None:
    (repo / "in").symlink_to("train.py")
    (repo / "out").symlink_to("/etc/passwd")
    found = look(repo, "in", "out")
    assert found.paths == ("in",)
    assert found.left_out[0].why == "a link that leads outside"


def test_results_and_nested_repositories_do_not_go_in(repo: Path) -> None:
    (repo / "sub").mkdir()
    found = look(repo, "results/x", "sub/")
    assert found.paths == ()
    assert [left.path for left in found.left_out] == ["sub/"]


def test_a_secret_stops_everything(repo: Path) -> None:
    (repo / "train.py").write_text(f"key = '{TOKEN}'\n")
    found = look(repo, tracked=("train.py",))
    with pytest.raises(Refused, match=r"train.py:1 holds what looks like a GitHub token") as caught:
        found.must_pass()
    assert TOKEN not in str(caught.value)


def test_workflows_need_permission(repo: Path) -> None:
    path = ".github/workflows/ci.yml"
    (repo / path).parent.mkdir(parents=True)
    (repo / path).write_text("on: push\n")
    assert "--allow_workflows" in look(repo, path).problems[0]
    assert look(repo, path, allow_workflows=True).problems == ()


@pytest.mark.parametrize(
    ("count", "text"), [(17, "17 B"), (17_000, "17 kB"), (5 * 1024**2, "5.0 MiB")]
)
def test_sizes_are_readable(count: int, text: str) -> None:
    assert size_of(count) == text
