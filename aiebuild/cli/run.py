"""`aiebuild run`: audio files transcribed, with openai/whisper's options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aiebuild.cli.options import builds_of, model_options
from aiebuild.errors import UsageError


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


@click.command("run")
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
    builds = builds_of({**options, **where}, counting=options["profile"] and not on_npu)
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
