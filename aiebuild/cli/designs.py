"""`aiebuild check`, `emulate` and `conformance`: designs held against the array's limits and run on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aiebuild.build.models import DEVICES, ModelBuild
from aiebuild.cli.options import decoder_weights_option, offline_option, sample_audio, weights_option
from aiebuild.errors import UsageError


@click.command()
@click.argument("what", default="base", metavar="[MODEL or DESIGN.mlir]")
@click.option("--device", type=click.Choice(DEVICES), default="npu1", help="The array it is held against.")
@weights_option
@offline_option
@click.option("--audio", type=click.Path(path_type=Path), help="Speech to compare on. [default: the checkout's sample]")
@decoder_weights_option
def check(what: str, device: str, weights: Path | None, offline: bool, audio: Path | None, decoder_weights: str) -> int:
    """Verify designs against the limits of the device: a model's, or one in MLIR.

    A model's kernels and stages are also run beside their references, on this machine.
    """
    from aiebuild.report.check import check_file, check_model

    if what.endswith(".mlir"):
        return 0 if check_file(Path(what), device) else 1
    sample = audio or sample_audio()
    if not sample.is_file():
        missing = f"{audio}: no such file" if audio else "nothing to compare on"
        raise UsageError(missing, hint="aiebuild check MODEL --audio FILE")
    build = ModelBuild(what, device, weights=weights, offline=offline, decoder_weights=decoder_weights)
    return 0 if check_model(build, sample) else 1


@click.command()
@click.argument("design", type=click.Path(path_type=Path))
@click.option("--kernel", "kernels", multiple=True, type=click.Path(path_type=Path), help="A kernel's C++ source.")
@click.option("--arg", "args", multiple=True, metavar="FILE.npy|SHAPE:TYPE|N", help="Next argument. [default: pattern]")
@click.option(
    "--out", "outs", multiple=True, type=click.Path(path_type=Path), help="File of the next written argument."
)
@click.option("--sequence", metavar="[CONFIGURATION:]NAME", help="Which runtime sequence, where there are several.")
@click.option("--device", help="The device where the design leaves it open (NPUDEVICE). [default: npu1]")
@click.option("-D", "defines", multiple=True, metavar="NAME[=VALUE]", help="Macro of the kernels.")
@click.option("-I", "include", multiple=True, type=click.Path(path_type=Path), help="Include folder of the kernels.")
@click.option("--design-arg", "design_args", multiple=True, help="Next argument of a design in Python.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads. [default: one a CPU]")
@click.option("--check/--no-check", default=True, help="Whether a broken limit of the array is an error.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the pattern.")
@click.option("--sanitize", is_flag=True, help="Check every access, acquire, release, lock and kernel call.")
@click.option("--max-steps", type=click.IntRange(min=1), help="End after so many passes of loops without a transfer.")
@click.option("--slots", is_flag=True, help="Say what issue slots of a core each line of the kernels takes.")
@click.option("--timeline", type=click.Path(path_type=Path), help="File for Perfetto: the run in modelled time.")
@click.option("--clock", type=click.FloatRange(0.1, 10), default=1.0, show_default=True, help="For it: GHz.")
@click.option("--bandwidth", type=click.FloatRange(0.1, 1000), default=15.0, show_default=True, help="For it: GB/s.")
def emulate(design: Path, **options: Any) -> int:
    """Run a design on this machine as its array would: MLIR, or Python where mlir-aie's bindings are installed."""
    from aiebuild.report.emulate import EmulateOptions, emulate_file

    return 0 if emulate_file(design, EmulateOptions(**options)) else 1


@click.command(hidden=True)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--pattern", default="**/*.mlir", show_default=True, help="Which files are designs.")
@click.option("--device", help="The device where a design leaves it open (NPUDEVICE). [default: npu1]")
@click.option("--run", is_flag=True, help="Also run designs of mlir-aie's test/npu-xrt, and compare with their tests.")
@click.option("--sanitize", is_flag=True, help="Run them in the checking mode too; implies --run.")
@click.option("--kernels", is_flag=True, help="FOLDER is mlir-aie's aie_kernels: compile and call its kernels.")
def conformance(folder: Path, pattern: str, device: str | None, run: bool, sanitize: bool, kernels: bool) -> None:
    """Say of every design in a folder whether it can be emulated, and what stops it."""
    from aiebuild.report.conformance import print_conformance, print_kernels

    if kernels:
        print_kernels(folder)
    else:
        print_conformance(folder, pattern, device, run=run or sanitize, sanitize=sanitize)
