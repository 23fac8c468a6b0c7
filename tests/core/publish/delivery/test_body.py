"""The body of a pull request: all the evidence, and nothing that formats or pings."""

from sweeptree.publish.delivery import Evidence, Score, Table, render
from sweeptree.publish.delivery.body import fenced, plain


def test_body_has_all_the_evidence() -> None:
    text = render(
        Evidence(
            heading="unet job 3",
            command="python train.py --lr 3e-4",
            commit="abc123",
            params={"lr": 3e-4},
            scores=(Score("val_auc", 0.91234, 0.0041, 3),),
            table=Table(("rank", "config"), (("1", "lr=3e-4"),)),
            reproduce="git worktree add ../repro abc123",
        ),
        note="My note",
        left_out=["model.ckpt (1.2 GiB: over 5.0 MiB)"],
    )
    for part in (
        "My note",
        "```sh\npython train.py --lr 3e-4",
        "0.9123 ± 0.0041",
        "| 1 | lr=3e-4 |",
        "../repro",
        "1.2 GiB",
    ):
        assert part in text


def test_texts_of_others_format_nothing() -> None:
    assert (
        plain("a|b @ada #12 <img> `x`\n*y*")
        == "a\\|b @\u200bada #\u200b12 \\<img\\> \\`x\\` \\*y\\*"
    )
    assert fenced("```\nrm") == "````sh\n```\nrm\n````"


def test_parts_without_evidence_are_left_out() -> None:
    assert render(Evidence(heading="only this")) == "### only this"


def test_long_lists_are_cut_and_counted() -> None:
    text = render(Evidence(), left_out=[f"file{number}" for number in range(60)])
    assert text.count("\n- `file") == 50 and "- and 10 more" in text
