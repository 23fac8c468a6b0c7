"""What an agent file says beside the registry: when to call the agent, how, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """An agent in a chat.

    `tools`: the MCP tools that it may call; `prompt`: an example of what a person says; `steps`:
    how it works; `next_agent`: who goes on with what it leaves.
    """

    title: str
    tools: tuple[str, ...]
    prompt: str
    steps: tuple[str, ...]
    next_agent: str | None = None


GUIDES: dict[str, Guide] = {
    "experiment-orchestrator": Guide(
        title="Experiment Orchestrator",
        tools=("plan", "start", "status", "logs", "stop", "results"),
        prompt=(
            "Run a 3-job LR sweep: `commands.json` contains 3 `python run_training.py --exp` "
            "lines; use `--parallel 2`, create results under `results/unet_sweep/` and summarize "
            "exit codes."
        ),
        steps=(
            "Call `plan` and show its table and warnings. Nothing has happened yet.",
            "When the person agrees, call `start` with the plan's id: what was shown is what runs.",
            "Ask `status` until the sweep has ended; say which jobs failed, and why.",
            "End with the exit codes and the leaderboard of `results`.",
        ),
        next_agent="ci-fixer",
    ),
    "auto-runner": Guide(
        title="Auto Runner",
        tools=("auto_run", "status", "logs", "stop"),
        prompt=(
            "Run `python scripts/generate_presentation_plots.py` in an isolated worktree "
            "`plots-run` and return logs."
        ),
        steps=(
            "Call `auto_run` with the command as the person wrote it, and a name.",
            "Return its exit code, the end of its log, what files it made and where they stand.",
        ),
        next_agent="merge-assistant",
    ),
    "ci-fixer": Guide(
        title="CI Fixer",
        tools=("ci_fix", "status", "logs", "stop"),
        prompt=(
            "Run `pytest -q`, attach failing tests, propose minimal patch and open PR if "
            "`apply_patch=true`."
        ),
        steps=(
            "Call `ci_fix` without `apply_patch`: it runs the tests and proposes a patch.",
            "Show the failing tests and the patch. Never edit tests or their settings yourself.",
            "Only when the person asks for the pull request, call it again with `apply_patch`.",
        ),
        next_agent="code-reviewer",
    ),
    "code-reviewer": Guide(
        title="Code Reviewer",
        tools=("review", "status"),
        prompt="Review the branch `exp-123` against main: lint, tests, performance.",
        steps=(
            "Call `review`. Report blockers first, each with file, line and what mends it.",
            "Leave the rest in one short table. `post` is for when the person asks for it.",
        ),
        next_agent="merge-assistant",
    ),
    "data-curator": Guide(
        title="Data Curator",
        tools=("ecg", "status", "logs", "stop"),
        prompt="Download and validate PTB-XL and prepare `data/processed/`.",
        steps=("Call `ecg` with the action `curate`; say what was verified and what is missing.",),
    ),
    "diagnostic-evaluator": Guide(
        title="Diagnostic Evaluator",
        tools=("ecg", "status", "logs", "stop"),
        prompt="Evaluate `diagnostic_preds.csv` and generate figures and a CSV.",
        steps=("Call `ecg` with the action `evaluate`; report scores with their intervals.",),
    ),
    "merge-assistant": Guide(
        title="Merge Assistant",
        tools=("merge", "worktrees", "status"),
        prompt=(
            "Review `worktrees/exp-123`, show diffs, run tests in PR branch, and merge if all "
            "checks pass."
        ),
        steps=(
            "Call `merge` as a dry run: it shows the diff and what stands in the way.",
            "When the person agrees, call it with `dry_run` false: what was tested is what lands.",
        ),
        next_agent="results-aggregator",
    ),
    "worktree-manager": Guide(
        title="Worktree Manager",
        tools=("worktrees",),
        prompt="Which worktrees are there, and which may go?",
        steps=(
            "Call `worktrees` to list them: whose they are, what they hold, who lives in them.",
            "Cleaning is a dry run first; work is saved before anything is removed.",
        ),
    ),
    "results-aggregator": Guide(
        title="Results Aggregator",
        tools=("results",),
        prompt="Summarize `results/unet_sweep/` into aggregated.json and aggregated.csv.",
        steps=("Call `results` with the sweep's name; read the numbers back, with their spread.",),
    ),
}
