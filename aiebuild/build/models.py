"""Building a Whisper model: which artifact it is, where it stands, and how it is made."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from aiebuild.build.fresh import Request, known_windows
from aiebuild.errors import UsageError
from aiebuild.resources import artifacts_dir
from aiebuild.toolchain.peano import locate_npu_toolchain

if TYPE_CHECKING:
    from aiebuild.build.driver import Options, Result
    from aiebuild.build.execute import Reporter
    from aiebuild.designs.spec import Design

DEVICES = ("npu1", "npu2")
MOST_WINDOWS = 32
"""Windows that can be decoded together."""
TARGETS = ("auto", "host", "npu", "all")
DECODER_WEIGHTS = ("int8", "mixed", "int4")


@dataclass(frozen=True)
class ModelBuild:
    """A model to build.

    `model`: name of a configuration, or path of one. `target`: "host" or "npu". `weights`: the user's own weights
    (file or folder), or None. `offline`: nothing goes over the network. `counting`: with the counting build. `windows`:
    most windows that are decoded together. `decoder_weights`: one of `DECODER_WEIGHTS`.
    """

    model: str
    device: str = "npu1"
    target: str = "host"
    weights: Path | None = None
    offline: bool = False
    counting: bool = False
    windows: int = 1
    decoder_weights: str = "int8"

    @property
    def name(self) -> str:
        """Name of the artifact."""
        from aiebuild.config.model import MODEL_ALIASES

        stem = Path(self.model).stem if self.model.endswith(".toml") else MODEL_ALIASES.get(self.model, self.model)
        if self.decoder_weights != "int8":
            stem = f"{stem}-{self.decoder_weights}"
        return f"{stem}-{self.device}-{self.target}"

    @property
    def titled(self) -> str:
        """The model, and its decoder's weights where they are not the usual ones."""
        return self.model if self.decoder_weights == "int8" else f"{self.model}, {self.decoder_weights} decoder weights"

    @property
    def arguments(self) -> str:
        """The options of the command line that mean this model and its weights."""
        more = f" --decoder-weights {self.decoder_weights}" if self.decoder_weights != "int8" else ""
        return f"--model {self.model}{more}"

    def request(self) -> Request:
        """The request for the build driver. Raises UsageError for what there is not."""
        if self.decoder_weights not in DECODER_WEIGHTS:
            known = ", ".join(DECODER_WEIGHTS)
            raise UsageError(f"no decoder weights of type `{self.decoder_weights}`; types: {known}")
        extra = [Path(self.model).absolute()] if self.model.endswith(".toml") else []
        if self.weights is not None:
            extra += sorted(self.weights.absolute().iterdir()) if self.weights.is_dir() else [self.weights.absolute()]
        together = 1
        while together < self.windows:
            together *= 2
        if together > MOST_WINDOWS:
            raise UsageError(f"{self.windows} windows at a time; {MOST_WINDOWS} is the most")
        windows = (1,) if together == 1 else (1, together)
        return Request(self.name, self.counting, tuple(extra), target=self.target, windows=windows)


def resolve_targets(target: str) -> tuple[str, ...]:
    """The targets that `--target` of a build stands for: `auto` is the host, and the NPU where its compilers are found.

    Raises UsageError for another word.
    """
    if target not in TARGETS:
        raise UsageError(f"no target `{target}`; targets: {', '.join(TARGETS)}")
    if target == "auto":
        return ("host", "npu") if locate_npu_toolchain() is not None else ("host",)
    return ("host", "npu") if target == "all" else (target,)


def compile_model(
    build: ModelBuild, reporter: Reporter, options: Options | None = None, artifacts: Path | None = None
) -> Result:
    """Build and publish a model's artifact, unless it is up to date. Raises the errors of the build."""
    from aiebuild.build import driver

    artifacts = artifacts or artifacts_dir()
    force = options is not None and options.force
    request = build.request()
    standing = None if force else driver.published(artifacts, request)
    if standing is not None:
        return driver.Result(standing, 0)
    driver.build_folder(artifacts)  # before anything is fetched
    driver.found_tools(build.target)
    # batches that were asked for once stay
    windows = tuple(sorted({*request.windows, *known_windows(artifacts, request.name)}))
    make = design_of(build, reporter, windows, folder=None if force else driver.build_folder(artifacts))
    return driver.build(artifacts, replace(request, windows=windows), make, reporter, options)


def design_of(
    build: ModelBuild, reporter: Reporter, windows: tuple[int, ...] | None = None, folder: Path | None = None
) -> Callable[[], Design]:
    """A function that plans the model's design, for the build's numbers of `windows` if None are given. `folder`: the
    build folder, in which it is remembered.

    Its configuration is read and its weights are fetched here and now.

    Raises UsageError for an unknown model or a wrong configuration, MissingError when no source has the weights.
    """
    from aiebuild.config.model import load_model_config
    from aiebuild.weights import fetch_weights

    config = load_model_config(Path(build.model) if build.model.endswith(".toml") else build.model)
    if build.model.endswith(".toml") and config.name != Path(build.model).stem:
        raise UsageError(f"{build.model}: `name` must be `{Path(build.model).stem}`, as the file's, is `{config.name}`")
    files = fetch_weights(config, path=build.weights, offline=build.offline, report=reporter.note)

    counts = windows or build.request().windows

    def plan() -> Design:
        from aiebuild.designs.whisper import whisper_design

        collecting = gc.isenabled()
        gc.disable()  # a hundred thousand transfers live until the end; looking through them took a third of the time
        try:
            return whisper_design(config, files, build.device, counts, build.decoder_weights)
        finally:
            if collecting:
                gc.enable()

    def remember() -> Design:
        from aiebuild.build.remember import remembered

        assert folder is not None
        paths = [str(files.model_path.absolute()), str(files.tokenizer_path.absolute())]
        asked = [config, files.format, paths, build.device, counts, build.decoder_weights]
        return remembered(folder / f"{build.name}.design", asked, plan)

    return plan if folder is None else remember
