"""The group of all commands."""

from __future__ import annotations

import click

from aiebuild import __version__
from aiebuild.cli.compile import compile_command
from aiebuild.cli.designs import check, conformance, emulate
from aiebuild.cli.measure import bench, inspect_command
from aiebuild.cli.run import run_command_line
from aiebuild.cli.toolchain import doctor, regen, toolchain

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="aiebuild", message="%(prog)s %(version)s")
def cli() -> None:
    """Build Whisper models into programs for AMD Ryzen AI NPUs, and run them there or on this machine's CPU.

    Exit codes: 0 done, 1 build or run failed, 2 usage or configuration, 3 something is missing, 4 device, 130
    interrupted.
    """


for command in (
    compile_command,
    run_command_line,
    check,
    emulate,
    conformance,
    bench,
    inspect_command,
    doctor,
    regen,
    toolchain,
):
    cli.add_command(command)
