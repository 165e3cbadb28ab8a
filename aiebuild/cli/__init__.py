"""The command line. What is heavy is imported inside the command that needs it: `--help` and a build with nothing to do
must answer at once.
"""

from aiebuild.cli.entry import main, run_command
from aiebuild.cli.group import cli

__all__ = ["cli", "main", "run_command"]
