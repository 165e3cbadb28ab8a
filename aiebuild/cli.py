"""The command line. What is heavy is imported inside the command that needs it: `--help` and a build with nothing to do
must answer at once.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from aiebuild import __version__
from aiebuild.build.models import DECODER_WEIGHTS, DEVICES, TARGETS, ModelBuild, compile_model, resolve_targets
from aiebuild.errors import AiebuildError, UsageError
from aiebuild.report.terminal import BuildProgress, note, report_error
from aiebuild.resources import artifacts_dir, display_path, resource_root

INTERRUPTED = 130
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_CONTEXT)
@click.version_option(__version__, prog_name="aiebuild", message="%(prog)s %(version)s")
def cli() -> None:
    """Build Whisper models into programs for AMD Ryzen AI NPUs, and run them there or on this machine's CPU.

    Exit codes: 0 done, 1 build or run failed, 2 usage or configuration, 3 something is missing, 4 device, 130
    interrupted.
    """


decoder_weights_option = click.option(
    "--decoder-weights",
    type=click.Choice(DECODER_WEIGHTS),
    default="int8",
    show_default=True,
    help="Type of the decoder's weights: int4 has half the bytes and is less accurate, mixed has int8 logits.",
)


def model_options(command: Any) -> Any:
    """The options that say which artifact is meant."""
    for option in (
        decoder_weights_option,
        click.option("--offline", is_flag=True, help="Fetch nothing over the network."),
        click.option("--weights", type=click.Path(path_type=Path), help="Your own weights: a file or a folder."),
        click.option(
            "--target", type=click.Choice(TARGETS), default="auto", show_default=True, help="Where the model runs."
        ),
        click.option(
            "--device",
            type=click.Choice(DEVICES),
            help="The array it is built for. [default: the NPU's that is here; npu1 for the host]",
        ),
        click.option("--model", default="base", show_default=True, help="Name of a model, or a .toml file."),
    ):
        command = option(command)
    return command


def _build_of(options: dict[str, Any], *, counting: bool = False) -> list[ModelBuild]:
    return [
        ModelBuild(
            options["model"],
            _device_for(options["device"], target),
            target,
            options["weights"],
            options["offline"],
            counting,
            options.get("batch_size", 1),
            options["decoder_weights"],
        )
        for target in resolve_targets(options["target"])
    ]


def _device_for(asked: str | None, target: str) -> str:
    """The array that designs are made for: the one asked for, or for the NPU the kind that is here, which is said."""
    from aiebuild.runtime.choice import DEFAULT_DEVICE

    if asked is not None or target == "host":
        return asked or DEFAULT_DEVICE
    from aiebuild.report.terminal import note
    from aiebuild.toolchain.xrt import npu_found

    npu = npu_found()
    if npu.device is None:
        note(f"built for {DEFAULT_DEVICE}, the default: {npu.problem} (--device)")
        return DEFAULT_DEVICE
    note(f"built for {npu.device}: the NPU here is {npu.name}")
    return npu.device


@cli.command("compile")
@model_options
@click.option("--dry-run", is_flag=True, help="Print the plan; do nothing.")
@click.option("--explain", is_flag=True, help="Say why each step runs.")
@click.option("--emit", metavar="STAGE", help="Make one stage's files only and print their paths.")
@click.option("--force", is_flag=True, help="Trust nothing that stands: run every step.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), help="Steps at a time. [default: one a CPU]")
@click.option(
    "--reproducer", metavar="FILE.tar.gz", type=click.Path(path_type=Path), help="Pack what a failing step needs."
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="Windows that can be decoded together.",
)
def compile_command(
    dry_run: bool,
    explain: bool,
    emit: str | None,
    force: bool,
    jobs: int | None,
    reproducer: Path | None,
    **options: Any,
) -> None:
    """Compile a model: its designs, its kernels, its weights."""
    for build in _build_of(options):
        if dry_run:
            _print_plan(build)
        elif emit:
            _emit(build, emit, jobs, explain)
        else:
            _compile(build, jobs, explain, force, reproducer)


def _compile(build: ModelBuild, jobs: int | None, explain: bool, force: bool, reproducer: Path | None) -> None:
    from aiebuild.build.driver import Options

    with BuildProgress(f"compiling {build.name}") as progress:
        result = compile_model(build, progress, Options(jobs, explain, force, reproducer))
    if result.up_to_date:
        click.echo(f"{build.name} is up to date")
    else:
        click.echo(f"{build.name} is built ({_steps(result.ran)}): {display_path(result.path.absolute())}")


def _steps(count: int) -> str:
    return f"{count} step{'' if count == 1 else 's'}"


def _print_plan(build: ModelBuild) -> None:
    from aiebuild.build.driver import make_plan
    from aiebuild.build.models import design_of
    from aiebuild.build.plan import describe

    with BuildProgress(build.name) as progress:
        plan = make_plan(design_of(build, progress)(), build.request(), None)
    click.echo(describe(plan), nl=False)


def _emit(build: ModelBuild, stage: str, jobs: int | None, explain: bool) -> None:
    from aiebuild.build.driver import Options, emit
    from aiebuild.build.models import design_of
    from aiebuild.build.plan import check_stage

    check_stage(stage)
    with BuildProgress(f"{build.name}: {stage}") as progress:
        paths = emit(
            artifacts_dir(), build.request(), design_of(build, progress), stage, progress, Options(jobs, explain)
        )
    for path in paths:
        click.echo(path)


def both(name: str, *short: str, **settings: Any) -> Any:
    """An option spelled as openai/whisper spells it, and with dashes."""
    names = [f"--{name.replace('_', '-')}", f"--{name}"] if "_" in name else [f"--{name}"]
    return click.option(*names, *short, name, **settings)


class OptionalNumber(click.ParamType[float | None]):
    """A number, or `None`."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """The number, or None for the word."""
        return None if value == "None" else click.FLOAT.convert(value, param, ctx)


@cli.command("run")
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@model_options
@both("language", help="Language code or name. [default: detected]")
@both("task", type=click.Choice(("transcribe", "translate")), default="transcribe", show_default=True)
@both("temperature", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Where sampling starts.")
@both(
    "temperature_increment_on_fallback",
    type=OptionalNumber(),
    default=0.2,
    show_default=True,
    help="Step to the next temperature while a window's text looks wrong; None or 0: never.",
)
@both("best_of", type=click.IntRange(min=1), default=5, show_default=True, help="Candidates when sampling.")
@both("beam_size", type=click.IntRange(1, 7), default=1, show_default=True, help="Beams at temperature 0.")
@both("patience", type=float, help="Ends beam search later: beams x patience sequences are awaited. [default: 1]")
@both(
    "length_penalty", type=click.FloatRange(0, 1), help="Alpha of the penalty. [default: log probability over length]"
)
@both("suppress_tokens", default="-1", show_default=True, help="Tokens never sampled, by number; -1: non-speech.")
@both("initial_prompt", help="Text before the first window.")
@both("carry_initial_prompt", type=bool, default=False, show_default=True, help="Put it before every window.")
@both("condition_on_previous_text", type=bool, default=True, show_default=True, help="Prompt a window with the last.")
@both("compression_ratio_threshold", type=OptionalNumber(), default=2.4, show_default=True)
@both("logprob_threshold", type=OptionalNumber(), default=-1.0, show_default=True)
@both("no_speech_threshold", type=OptionalNumber(), default=0.6, show_default=True)
@click.option("--timestamps/--no-timestamps", default=None, help="Print times. [default: on a terminal]")
@both("output_format", "-f", type=click.Choice(("txt", "vtt", "srt", "tsv", "json", "all")), help="Write files too.")
@both("output_dir", "-o", type=click.Path(path_type=Path), help="Where files go. [default: here]")
@both("threads", type=click.IntRange(min=1), help="Threads. [default: one a CPU]")
@both("batch_size", type=click.IntRange(min=1), default=1, show_default=True, help="Windows at a time, of any files.")
@both(
    "cut",
    type=click.Choice(("no", "pauses")),
    help="Cut files at pauses into windows that do not prompt each other. [default: for one file in batches]",
)
@both(
    "on_device_error",
    type=click.Choice(("host", "fail")),
    default="host",
    show_default=True,
    help="When the NPU fails midway: go on with the host target, or end.",
)
@both("no_build", is_flag=True, help="Use the artifact that stands, or fail.")
@both(
    "profile", is_flag=True, help="Count what ran where; a table on standard error, profile.json in the output folder."
)
def run_command_line(audio: tuple[Path, ...], **options: Any) -> int:
    """Transcribe audio files: text on standard output."""
    from aiebuild.report.run import RunOptions, run_files
    from aiebuild.runtime.choice import choose_target

    if all(path.exists() for path in audio):  # else it is said at once that they are not
        chosen_target = choose_target(options["target"], options["device"])
    else:
        chosen_target = choose_target("host", options["device"])
    on_npu = chosen_target.target == "npu"
    where = {"target": chosen_target.target, "device": chosen_target.device}
    builds = _build_of({**options, **where}, counting=options["profile"] and not on_npu)
    how = _transcribe_options(options, len(audio))
    folder: Path = options["output_dir"] or Path()
    given = options["output_dir"] is not None
    chosen = RunOptions(
        threads=options["threads"],
        timestamps=options["timestamps"],
        output_format=options["output_format"] or ("txt" if given and not options["profile"] else None),
        output_dir=folder,
        no_build=options["no_build"],
        batch_size=options["batch_size"],
        profile=folder / "profile.json" if options["profile"] else None,
        reason=chosen_target.reason,
        must=options["target"] == "npu",
        on_device_error=options["on_device_error"],
    )
    return run_files(audio, builds[0], chosen, how)


def _transcribe_options(options: dict[str, Any], files: int) -> Any:
    from aiebuild.whisper.clip import TranscribeOptions
    from aiebuild.whisper.languages import language_code

    beam_size = options["beam_size"] if options["beam_size"] > 1 else None
    if options["patience"] is not None:
        if beam_size is None:
            raise UsageError("--patience is for beam search: --beam_size must be above 1")
        if round(beam_size * options["patience"]) < 1:
            raise UsageError(f"--patience {options['patience']:g} leaves {beam_size} beams nothing to wait for")
    start: float = options["temperature"]
    step: float = options["temperature_increment_on_fallback"] or 0.0
    if step < 0:
        raise UsageError("--temperature_increment_on_fallback must not be negative")
    count = int((1.0 + 1e-6 - start) / step) + 1 if step else 1
    cut = options["cut"] == "pauses" if options["cut"] else files == 1 and options["batch_size"] > 1
    return TranscribeOptions(
        task=options["task"],
        language=language_code(options["language"]) if options["language"] else None,
        temperatures=tuple(round(start + i * step, 6) for i in range(count)),
        compression_ratio_threshold=options["compression_ratio_threshold"],
        logprob_threshold=options["logprob_threshold"],
        no_speech_threshold=options["no_speech_threshold"],
        condition_on_previous_text=options["condition_on_previous_text"],
        initial_prompt=options["initial_prompt"],
        carry_initial_prompt=options["carry_initial_prompt"],
        best_of=options["best_of"],
        beam_size=beam_size,
        patience=options["patience"],
        length_penalty=options["length_penalty"],
        suppress_tokens=_token_numbers(options["suppress_tokens"]),
        cut=cut,
    )


def _token_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"--suppress_tokens: `{text}` is no list of numbers") from None


@cli.command()
@click.argument("what", default="base", metavar="[MODEL or DESIGN.mlir]")
@click.option("--device", type=click.Choice(DEVICES), default="npu1", help="The array it is held against.")
@click.option("--weights", type=click.Path(path_type=Path), help="Your own weights: a file or a folder.")
@click.option("--offline", is_flag=True, help="Fetch nothing over the network.")
@click.option("--audio", type=click.Path(path_type=Path), help="Speech to compare on. [default: the checkout's sample]")
@decoder_weights_option
def check(what: str, device: str, weights: Path | None, offline: bool, audio: Path | None, decoder_weights: str) -> int:
    """Verify designs against the limits of the device: a model's, or one in MLIR.

    A model's kernels and stages are also run beside their references, on this machine.
    """
    from aiebuild.report.check import check_file, check_model

    if what.endswith(".mlir"):
        return 0 if check_file(Path(what), device) else 1
    sample = audio or resource_root() / "samples" / "jfk.wav"
    if not sample.is_file():
        missing = f"{audio}: no such file" if audio else "nothing to compare on"
        raise UsageError(missing, hint="aiebuild check MODEL --audio FILE")
    build = ModelBuild(what, device, weights=weights, offline=offline, decoder_weights=decoder_weights)
    return 0 if check_model(build, sample) else 1


@cli.command()
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


@cli.command(hidden=True)
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


@cli.command()
@model_options
@click.option("--audio", type=click.Path(path_type=Path), help="What to transcribe. [default: the checkout's sample]")
@click.option("--threads", type=click.IntRange(min=1), help="Threads. [default: one a CPU]")
@click.option("--repetitions", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--modelled", is_flag=True, help="Model the array's time instead of measuring this machine's.")
@click.option("--clock", type=click.FloatRange(0.1, 10), help="The array's clock in GHz; implies --modelled.")
@click.option("--bandwidth", type=click.FloatRange(0.1, 1000), help="DDR in GB/s; implies --modelled.")
@click.option(
    "--timeline", type=click.Path(path_type=Path), help="File for Perfetto (.json, .json.gz); implies --modelled."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(
    audio: Path | None,
    threads: int | None,
    repetitions: int,
    as_json: bool,
    modelled: bool,
    clock: float | None,
    bandwidth: float | None,
    timeline: Path | None,
    **options: Any,
) -> None:
    """Measure a model on this machine, or model its time on an array."""
    sample = resource_root() / "samples" / "jfk.wav"
    if audio is None and not sample.is_file():
        raise UsageError("nothing to transcribe", hint="aiebuild bench --audio FILE")
    if modelled or clock or bandwidth or timeline:
        from aiebuild.report.modelled import machine_of, run_modelled
        from aiebuild.runtime.choice import DEFAULT_DEVICE

        machine = machine_of(options["device"] or DEFAULT_DEVICE, clock, bandwidth)
        (build,) = _build_of({**options, "target": "host"})
        run_modelled(build, audio or sample, machine, as_json=as_json, timeline=timeline)
        return
    from aiebuild.report.bench import run_bench

    if options["target"] not in ("auto", "host"):
        raise UsageError("bench measures the host target", hint="scripts/npu-check tries the NPU")
    for build in _build_of({**options, "target": "host"}):
        run_bench(build, audio or sample, threads=threads, repetitions=repetitions, as_json=as_json)


@cli.command("inspect")
@click.argument("model", default="base", metavar="[MODEL]")
@click.option("--device", type=click.Choice(DEVICES), default="npu1", help="The array it is built for.")
@click.option("--weights", type=click.Path(path_type=Path), help="Your own weights: a file or a folder.")
@click.option("--offline", is_flag=True, help="Fetch nothing over the network.")
@click.option(
    "--audio", type=click.Path(path_type=Path), help="Speech to record with. [default: the checkout's sample]"
)
@click.option("--clock", type=click.FloatRange(0.1, 10), help="The array's clock in GHz.")
@click.option("--bandwidth", type=click.FloatRange(0.1, 1000), help="DDR in GB/s.")
@click.option("--timing/--no-timing", default=True, help="Whether to record and model the time. [default: yes]")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The page. [default: MODEL.html]")
@decoder_weights_option
def inspect_command(
    model: str,
    device: str,
    weights: Path | None,
    offline: bool,
    audio: Path | None,
    clock: float | None,
    bandwidth: float | None,
    timing: bool,
    out: Path | None,
    decoder_weights: str,
) -> None:
    """Write a page about a model's artifact: floor plan, use of the tiles, modelled timeline and roofline, buffers."""
    from aiebuild.report.inspect import inspect_model
    from aiebuild.report.modelled import machine_of

    sample = audio or resource_root() / "samples" / "jfk.wav"
    if timing and not sample.is_file():
        raise UsageError(f"{sample}: no such file", hint="aiebuild inspect MODEL --audio FILE, or --no-timing")
    build = ModelBuild(model, device, weights=weights, offline=offline, decoder_weights=decoder_weights)
    page = out or Path(f"{Path(model).stem}.html")
    inspect_model(build, sample, machine_of(device, clock, bandwidth), page, timing=timing)


@cli.command()
def doctor() -> int:
    """Say what was found on this machine, what is missing, and how to get it."""
    from aiebuild.report.doctor import print_findings

    return 0 if print_findings() else 3


@cli.command()
@click.option("--check", is_flag=True, help="Fail when the designs are not as recorded, and say what changed.")
@click.option("--state", type=click.Path(path_type=Path), help="Folder of the record. [default: regen/]")
@click.option(
    "--difference", metavar="FILE.md", type=click.Path(path_type=Path), help="Write what changed to a file too."
)
@click.option("--cycles", is_flag=True, help="Model the cycles too, which takes some minutes; else they stay.")
def regen(check: bool, state: Path | None, difference: Path | None, cycles: bool) -> int:
    """Render and build the designs for the toolchain in toolchain.lock, and record what came of it."""
    from aiebuild.report.regen import run_regen

    return run_regen(check=check, cycles=cycles, folder=state, difference_file=difference)


@cli.group()
def toolchain() -> None:
    """The compilers for the NPU: mlir-aie and Peano."""


@toolchain.command("install")
@click.option("--pair", help="Which pair of toolchain.lock. [default: the pinned one]")
@click.option("--from", "sources", multiple=True, metavar="FOLDER|URL", help="Where to look first.")
@click.option("--record", is_flag=True, help="Write hashes not known so far into toolchain.lock, instead of refusing.")
def toolchain_install(pair: str | None, sources: tuple[str, ...], record: bool) -> None:
    """Download and install the pair of compilers that toolchain.lock pins, into this Python's environment."""
    from aiebuild.config.lock import lock_path, read_lock
    from aiebuild.toolchain.install import install_pair

    lock = read_lock()
    install_pair(lock, lock.pair(pair), note, sources=sources, record=lock_path() if record else None)
    click.echo(f"{lock.pair(pair).name} is installed")


@toolchain.command("bump")
@click.option("--release", required=True, type=click.Path(path_type=Path), help="mlir-aie's release page, as JSON.")
@click.option("--requirements", required=True, type=click.Path(path_type=Path), help="The Peano it was tested with.")
@click.option("--nightly", required=True, type=click.Path(path_type=Path), help="llvm-aie's release page, as JSON.")
def toolchain_bump(release: Path, requirements: Path, nightly: Path) -> None:
    """Pin the pair that release pages tell of, in toolchain.lock. Uses no network."""
    from aiebuild.config.lock import lock_path, read_lock
    from aiebuild.toolchain.bump import pair_of
    from aiebuild.toolchain.install import bumped

    lock = read_lock()
    pair = pair_of(lock, release, requirements, nightly)
    if pair.name == lock.pinned:
        click.echo(f"{pair.name} is pinned already")
    else:
        bumped(lock, pair, lock_path())
        click.echo(f"{pair.name} is pinned, instead of {lock.pinned}")


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Entry point of `aiebuild`: runs a command, reports its error in a line, exits with its code.

    Being asked to end (SIGTERM) is like Ctrl-C: tools are stopped and half-written files removed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = run_command(sys.argv[1:] if argv is None else argv)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    sys.exit(code)


def _forget_stdout() -> None:
    """Whoever read the output has gone; Python would complain again when it flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_command(argv: Sequence[str]) -> int:
    """Run a command line; returns the exit code. With AIEBUILD_TRACEBACK=1 errors keep their traceback."""
    if os.environ.get("AIEBUILD_TRACEBACK") == "1":
        return _call(argv)
    try:
        return _call(argv)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "aiebuild"
        report_error(UsageError(error.format_message(), hint=f"{command} --help"))
        return 2
    except click.ClickException as error:
        report_error(UsageError(error.format_message()))
        return 2
    except AiebuildError as error:
        report_error(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except MemoryError as error:
        report_error(AiebuildError(f"not enough memory: {error}" if str(error) else "not enough memory"))
        return 1
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        report_error(AiebuildError(f"{named}{error.strerror or error}"))
        return 1


def _call(argv: Sequence[str]) -> int:
    result: Any = cli.main(args=list(argv), prog_name="aiebuild", standalone_mode=False)
    return result if isinstance(result, int) else 0
