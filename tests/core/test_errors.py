"""What users see of an error, and the exit code it leads to."""

import pytest

from sweeptree import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.SweeptreeError, 1),
        (errors.UsageError, 2),
        (errors.Refused, 3),
        (errors.GitError, 1),
        (errors.WorktreeGone, 1),
        (errors.PushError, 4),
        (errors.ForgeError, 4),
        (errors.HostError, 4),
        (errors.RecordError, 1),
        (errors.ServerError, 1),
    ],
)
def test_every_error_has_its_exit_code(kind: type[errors.SweeptreeError], code: int) -> None:
    assert kind.exit_code == code


@pytest.mark.parametrize("hint", ["sweeptree doctor", ("sweeptree doctor",)])
def test_a_hint_is_a_line_or_several(hint: str | tuple[str, ...]) -> None:
    error = errors.Refused("no", hint=hint)
    assert (error.message, error.hint, str(error)) == ("no", ("sweeptree doctor",), "no")


def test_errors_carry_what_a_caller_decides_by() -> None:
    push = errors.PushError("moved on", kind="moved", stderr="! [rejected]")
    forge = errors.ForgeError("limited", kind="rate-limit", status=403)
    assert (push.kind, push.stderr) == ("moved", "! [rejected]")
    assert (forge.kind, forge.status) == ("rate-limit", 403)
    host = errors.HostError("away", host="gpu2", kind="unreachable")
    assert (host.host, host.kind) == ("gpu2", "unreachable")
    assert errors.RecordError("torn", path="a.json").path == "a.json"
    assert errors.GitError("failed", argv=["git", "gc"]).argv == ("git", "gc")
