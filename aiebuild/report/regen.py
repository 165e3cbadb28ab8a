"""`aiebuild regen`: the designs' state for the pinned toolchain, recorded or held against what is recorded."""

from __future__ import annotations

from pathlib import Path

from aiebuild.build.models import ModelBuild, compile_model
from aiebuild.build.regen import (
    MODELS,
    Recorded,
    current,
    difference,
    programs_of,
    read_state,
    regen_folder,
    write_state,
)
from aiebuild.config.lock import read_lock
from aiebuild.manifest import store
from aiebuild.report.terminal import BuildProgress, note
from aiebuild.resources import display_path
from aiebuild.toolchain.peano import locate_npu_toolchain


def run_regen(*, check: bool, cycles: bool, folder: Path | None, difference_file: Path | None) -> int:
    """Render, measure where the compilers are there, and record (or `check`); returns the exit code.

    `cycles`: run the timing model too. `difference_file` receives what changed, as Markdown.
    """
    folder = folder or regen_folder()
    before = read_state(folder)
    programs = _measured()
    now = current(programs, _modelled() if cycles else None, before.state if before else None)
    changed = difference(before, now) if before is not None else ["nothing was recorded", ""]
    if difference_file is not None:
        text = "\n".join([f"# {_title(now)}", "", *(changed or ["Nothing changed."])])
        difference_file.write_text(text + "\n", encoding="utf-8")
    for line in changed:
        print(line)
    if check:
        if changed:
            note("the designs are not as recorded; if they should be as they are now: aiebuild regen")
        else:
            print(f"as recorded in {display_path(folder)}, for {_title(now)}")
        return 1 if changed else 0
    write_state(now, folder)
    print(f"recorded in {display_path(folder)}, for {_title(now)}")
    return 0


def _title(now: Recorded) -> str:
    return f"mlir-aie and Peano {now.state['toolchain']['pair']}"


def _modelled() -> dict[str, int]:
    """Modelled cycles of the overlays' self-tests."""
    from aiebuild.config.model import load_model_config
    from aiebuild.designs.mel import mel_overlay
    from aiebuild.designs.whisper import decoder_overlay, encoder_overlay
    from aiebuild.report.cycles import modelled_cycles

    note("modelling the self-tests' cycles: the recording build of the overlays is compiled at first")
    dims = load_model_config(MODELS[0]).dims
    return modelled_cycles((mel_overlay(80).overlay(), encoder_overlay(dims), decoder_overlay(dims)))


def _measured() -> dict[str, object] | None:
    """Program memory and stacks, from a build for the NPU; None where its compilers are not installed."""
    if locate_npu_toolchain() is None:
        note(f"no mlir-aie and Peano here ({read_lock().pinned} is pinned): program memory and stacks stay as recorded")
        return None
    build = ModelBuild(MODELS[-1], target="npu")
    with BuildProgress(f"compiling {build.name}") as progress:
        return dict(programs_of(store.load(compile_model(build, progress).path)))
