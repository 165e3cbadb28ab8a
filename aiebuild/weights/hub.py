"""Weights from the Hugging Face hub, through huggingface_hub; a hub that cannot be reached is found out in seconds."""

from __future__ import annotations

import os
import shutil
import threading
import urllib.error
import urllib.request
from pathlib import Path

from aiebuild.config.model import HubSource
from aiebuild.weights.cache import Report

REACH_SECONDS = 5.0
"""How long the hub may take to answer before it counts as unreachable."""

_DEFAULT_ENDPOINT = "https://huggingface.co"


class SourceUnavailable(Exception):
    """A source cannot give the files now; the next one is tried. The text says why."""


class HubUnreachable(SourceUnavailable):
    """The hub as a whole does not answer: no use in asking it for other repositories."""


def endpoint() -> str:
    """The hub's address: `HF_ENDPOINT`, as huggingface_hub reads it, or the public one."""
    return os.environ.get("HF_ENDPOINT", _DEFAULT_ENDPOINT).rstrip("/")


def hub_is_off() -> bool:
    """Whether the user has told huggingface_hub to stay off the network."""
    return os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}


def check_reachable(source: HubSource, seconds: float = REACH_SECONDS) -> None:
    """Ask the hub for the head of the first file, giving up after `seconds`, name look-up included.

    Raises HubUnreachable when nothing answers, SourceUnavailable when the hub refuses this repository.
    """
    url = f"{endpoint()}/{source.repo}/resolve/{source.revision}/{source.files[0]}"
    outcome: list[SourceUnavailable | None] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds):
                outcome.append(None)
        except urllib.error.HTTPError as error:
            outcome.append(SourceUnavailable(f"the hub answers {error.code} {error.reason}"))
        except (OSError, ValueError) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
            outcome.append(HubUnreachable(f"the hub cannot be reached: {text}"))

    # in a thread, for a name look-up knows no time limit
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    error = outcome[0] if outcome else HubUnreachable(f"the hub cannot be reached: no answer in {seconds:g} s")
    if error is not None:
        raise error


def fetch_from_hub_cache(source: HubSource, into: Path) -> bool:
    """Take the files from huggingface_hub's own cache, where other programs may have left them; False if any lacks."""
    from huggingface_hub import try_to_load_from_cache

    found: dict[str, Path] = {}
    for name in source.files:
        path = try_to_load_from_cache(source.repo, name, revision=source.revision)
        if not isinstance(path, str):
            return False
        found[name] = Path(path)
    for name, path in found.items():
        shutil.copyfile(path, into / name)
    return True


def fetch_from_hub(source: HubSource, into: Path, report: Report) -> None:
    """Download the files of `source` into the folder `into`. Raises SourceUnavailable when that fails."""
    check_reachable(source)
    from huggingface_hub import hf_hub_download  # pyright: ignore[reportUnknownVariableType] - untyped tqdm in it
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    quiet = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        for name in source.files:
            report(f"weights: fetching {name} from the hub's {source.repo}")
            try:
                hf_hub_download(
                    source.repo, name, revision=source.revision, local_dir=into, endpoint=endpoint(), token=False
                )
            except Exception as error:  # noqa: BLE001 - the library's and its HTTP client's errors have no common base
                text = str(error).strip().splitlines()
                raise SourceUnavailable(f"{name}: {text[0] if text else type(error).__name__}") from None
    finally:
        if not quiet:
            enable_progress_bars()
    shutil.rmtree(into / ".cache", ignore_errors=True)  # huggingface_hub's notes on the download
