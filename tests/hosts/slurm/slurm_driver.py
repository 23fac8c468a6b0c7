"""The program `python -c DRIVER SPEC new|resume`: a sweep's driver as a process of its own."""

DRIVER = """\
import sys
from sweeptree.hosts.slurm.executor import Slurm
from sweeptree.model import Resume, SweepSpec
from sweeptree.sweep.run import WithoutEngine, run_sweep

spec = SweepSpec.model_validate_json(sys.argv[1])
resume = Resume() if sys.argv[2] == "resume" else None
report = run_sweep(spec, resume, WithoutEngine(), executor=Slurm(), before_end=int)
print(report.reason)
sys.exit(report.exit_code)
"""
