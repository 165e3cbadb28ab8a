"""What a toolchain bump or a change of the sources does to the designs: their rendered state, recorded in `regen/` and
held against what is rendered now.

Recorded are the overlays as rendered (whole), for each sequence a digest, its tasks and the bytes of its instructions,
digests of templates, macros and kernels, the pinned pair of compilers, and, where these are installed, each overlay's
program memory and stack. What could not be measured stays as it was measured last, and says so.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aiebuild.config.lock import read_lock
from aiebuild.config.model import load_model_config
from aiebuild.designs.ledger import instructions
from aiebuild.designs.mel import mel_overlay
from aiebuild.designs.spec import OverlaySpec, SequenceSpec, canonical, plain
from aiebuild.designs.whisper import decoder_overlay, encoder_overlay
from aiebuild.errors import BuildError
from aiebuild.manifest.store import sha256_of
from aiebuild.manifest.types import Manifest
from aiebuild.render.environment import render_template
from aiebuild.resources import kernels_dir, resource_root, templates_dir

MODELS = ("tiny.en", "base")
"""Models whose sequences are recorded; the overlays are the same for all of a number of bands."""

STATE = "state.json"
UNMEASURED = "not measured: needs the compilers of toolchain.lock"


MOST_LINES = 60
"""Lines of a difference of MLIR that are shown."""

State = dict[str, Any]


@dataclass(frozen=True)
class Recorded:
    """A state and the overlays' text by file name."""

    state: State
    overlays: Mapping[str, str]


def regen_folder() -> Path:
    """Where the state is kept."""
    return resource_root() / "regen"


def current(programs: Mapping[str, Any] | None, cycles: Mapping[str, int] | None, before: State | None) -> Recorded:
    """The state of the sources as they are. `programs`: measured, by overlay; `cycles`: modelled, by dispatch; what is
    None is taken from `before`."""
    lock = read_lock()
    pair = lock.pair(None)
    overlays: dict[str, str] = {}
    sequences: dict[str, Any] = {}
    specs: dict[str, OverlaySpec] = {}
    for model in MODELS:
        dims = load_model_config(model).dims
        named = {f"mel{dims.n_mels}": mel_overlay(dims.n_mels).overlay()}
        named |= {"encoder": encoder_overlay(dims), "decoder": decoder_overlay(dims)}
        for name, spec in named.items():
            specs[name] = spec
            owner = name if spec.name == "mel" else f"{model}/{spec.name}"
            sequences |= {f"{owner}/{sequence.name}": _sequence(sequence) for sequence in spec.sequences}
    specs["mel128"] = mel_overlay(128).overlay()
    for name, spec in sorted(specs.items()):
        rendered = render_template(spec.template, plain(spec.parameters), profile=pair.spelling)
        overlays[f"{name}.mlir"] = rendered.text
    known = before or {}
    state: State = {
        "toolchain": {"pair": pair.name, "spelling": pair.spelling, "wheels": _wheels()},
        "sources": _sources(),
        "overlays": {name: _digest(text) for name, text in sorted(overlays.items())},
        "sequences": dict(sorted(sequences.items())),
        "programs": dict(programs) if programs is not None else known.get("programs", UNMEASURED),
        "cycles": dict(cycles) if cycles is not None else known.get("cycles", {}),
    }
    return Recorded(cast(State, json.loads(json.dumps(state))), overlays)


def programs_of(manifest: Manifest) -> dict[str, Any]:
    """Program memory and stack of the overlays of an artifact for the NPU: the largest of their cores."""
    found: dict[str, Any] = {}
    for overlay in manifest.overlays:
        if overlay.programs:
            found[overlay.name] = {
                "program_bytes": max(program.program_bytes for program in overlay.programs),
                "stack_bytes": max(program.stack_bytes for program in overlay.programs),
                "stack_size": min(program.stack_size for program in overlay.programs),
            }
    return found


def _sequence(sequence: SequenceSpec) -> dict[str, Any]:
    transfers: Mapping[str, Any] = sequence.parameters["sequence"]
    found = instructions(transfers)
    digest = _digest(canonical(transfers))
    return {"digest": digest, "tasks": found.tasks, "awaited": found.awaited, "insts_bytes": found.bytes}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sources() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, folder in (("templates", templates_dir()), ("kernels_src", kernels_dir())):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                found[f"{name}/{path.relative_to(folder).as_posix()}"] = sha256_of(path)[:16]
    return found


def _wheels() -> dict[str, str]:
    return {wheel.package: wheel.version for wheel in read_lock().pair(None).wheels}


def read_state(folder: Path) -> Recorded | None:
    """What is recorded in a folder, None when nothing is. Raises BuildError when it is damaged."""
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        state = cast(State, json.loads(path.read_text(encoding="utf-8")))
        overlays = {name: (folder / name).read_text(encoding="utf-8") for name in state["overlays"]}
    except (OSError, ValueError, KeyError) as error:
        raise BuildError(f"{path}: is damaged: {error}", hint="aiebuild regen writes it anew") from None
    return Recorded(state, overlays)


def write_state(recorded: Recorded, folder: Path) -> None:
    """Record a state."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.mlir"):
        if path.name not in recorded.overlays:
            path.unlink()
    for name, text in recorded.overlays.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / STATE).write_text(json.dumps(recorded.state, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def difference(before: Recorded, now: Recorded) -> list[str]:
    """What changed, as lines of Markdown; empty when nothing did."""
    lines: list[str] = []
    for title, key in (("Toolchain", "toolchain"), ("Sources", "sources"), ("Instructions", "sequences")):
        changes = _changes(before.state[key], now.state[key])
        if changes:
            lines += [f"## {title}", "", *changes, ""]
    for title, key in (("Program memory and stack", "programs"), ("Modelled cycles", "cycles")):
        if before.state[key] != now.state[key]:
            lines += [f"## {title}", "", *_figures(before.state[key], now.state[key]), ""]
    for name in sorted({*before.overlays, *now.overlays}):
        old, new = before.overlays.get(name, ""), now.overlays.get(name, "")
        if old != new:
            lines += [f"## MLIR of {name}", "", *_text_difference(name, old, new), ""]
    return lines


def _changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name in sorted({*before, *now}):
        old: object = before.get(name)
        new: object = now.get(name)
        if old == new:
            continue
        if old is None or new is None:
            lines.append(f"- {name}: {'new' if old is None else 'gone'}")
        elif isinstance(old, dict) and isinstance(new, dict):
            figures = [line.removeprefix("- ") for line in _figures(cast(State, old), cast(State, new))]
            lines.append(f"- {name}: {'; '.join(figures)}")
        else:
            digests = isinstance(old, str) and len(old) == 16
            lines.append(f"- {name} changed" if digests else f"- {name}: {old} -> {new}")
    return lines


def _figures(before: object, now: object) -> list[str]:
    """Changes of figures, with what they are in percent."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return [f"- {before} -> {now}"]
    old_values, new_values = cast(State, before), cast(State, now)
    nothing: State = {}
    lines: list[str] = []
    for name in sorted({*old_values, *new_values}):
        old, new = old_values.get(name), new_values.get(name)
        if old == new:
            continue
        if isinstance(old, dict) or isinstance(new, dict):
            old, new = cast("State | None", old), cast("State | None", new)
            lines += [f"- {name}: {line.removeprefix('- ')}" for line in _figures(old or nothing, new or nothing)]
        elif isinstance(old, int) and isinstance(new, int) and old:
            lines.append(f"- {name} {old:,} -> {new:,} ({100 * (new - old) / old:+.1f} %)")
        elif name == "digest":
            lines.append("- other transfers")
        else:
            lines.append(f"- {name} {old} -> {new}")
    return lines


def _text_difference(name: str, old: str, new: str) -> list[str]:
    names = (f"recorded/{name}", f"rendered/{name}")
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), *names, n=1, lineterm=""))
    left = len(lines) - MOST_LINES
    more = [f"... {left} more lines"] if left > 0 else []
    return ["```diff", *lines[:MOST_LINES], *more, "```"]
