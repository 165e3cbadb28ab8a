"""What several commands share: options that say which artifact is meant, and the builds that come of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aiebuild.build.models import DECODER_WEIGHTS, DEVICES, TARGETS, ModelBuild, resolve_targets
from aiebuild.report.terminal import note
from aiebuild.resources import resource_root

decoder_weights_option = click.option(
    "--decoder-weights",
    type=click.Choice(DECODER_WEIGHTS),
    default="int8",
    show_default=True,
    help="Type of the decoder's weights: int4 has half the bytes and is less accurate, mixed has int8 logits.",
)
weights_option = click.option(
    "--weights", type=click.Path(path_type=Path), help="Your own weights: a file or a folder."
)

offline_option = click.option("--offline", is_flag=True, help="Fetch nothing over the network.")


def model_options(command: Any) -> Any:
    """The options that say which artifact is meant."""
    for option in (
        decoder_weights_option,
        offline_option,
        weights_option,
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


def builds_of(options: dict[str, Any], *, counting: bool = False) -> list[ModelBuild]:
    """What `model_options` name: a build for each target."""
    return [
        ModelBuild(
            options["model"],
            device_for(options["device"], target),
            target,
            options["weights"],
            options["offline"],
            counting,
            options.get("batch_size", 1),
            options["decoder_weights"],
        )
        for target in resolve_targets(options["target"])
    ]


def device_for(asked: str | None, target: str) -> str:
    """The array that designs are made for: the one asked for, or for the NPU the kind that is here, which is said."""
    from aiebuild.runtime.choice import DEFAULT_DEVICE

    if asked is not None or target == "host":
        return asked or DEFAULT_DEVICE
    from aiebuild.toolchain.xrt import npu_found

    npu = npu_found()
    if npu.device is None:
        note(f"built for {DEFAULT_DEVICE}, the default: {npu.problem} (--device)")
        return DEFAULT_DEVICE
    note(f"built for {npu.device}: the NPU here is {npu.name}")
    return npu.device


def sample_audio() -> Path:
    """The checkout's sample of speech, which is not in every installation."""
    return resource_root() / "samples" / "jfk.wav"
