"""`aiebuild check`: designs against the limits of the array they are for, and models against their references."""

from __future__ import annotations

from pathlib import Path

from aiebuild.build.models import ModelBuild, design_of
from aiebuild.errors import UsageError
from aiebuild.report.terminal import BuildProgress, note
from aiebuild.resources import artifacts_dir, display_path


def check_file(path: Path, device: str) -> bool:
    """Check one design in MLIR and print what it breaks; returns whether it fits. Raises DesignError if malformed."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    return _check_text(text, str(path), device, str(path))


def check_model(build: ModelBuild, audio: Path) -> bool:
    """Check a model: its designs against the array's limits, its kernels against their references, its published
    artifact against its manifest, and each stage against float32 on the first window of `audio`."""
    from aiebuild.report.accuracy import check_kernels, check_stages

    fits = _check_designs(build)
    agrees = check_kernels(build.device)
    _check_artifact(build)
    return check_stages(build, audio) and fits and agrees


def _check_designs(build: ModelBuild) -> bool:
    from aiebuild.config.toolchain import host_toolchain
    from aiebuild.render.environment import render_template

    with BuildProgress(build.name) as progress:
        design = design_of(build, progress)()
    profile = host_toolchain().macros
    fits = True
    for overlay in design.overlays:
        parts = [(overlay.name, overlay.template, overlay.parameters)]
        parts += [(f"{overlay.name}/{item.name}", item.template, item.parameters) for item in overlay.sequences]
        for name, template, parameters in parts:
            rendered = render_template(template, dict(parameters), profile=profile)
            origins = [str(origin) if origin else None for origin in rendered.origins]
            fits &= _check_text(rendered.text, f"{name}.mlir", build.device, name, origins)
    return fits


def _check_text(text: str, file: str, device: str, name: str, origins: list[str | None] | None = None) -> bool:
    from aiebuild.build.stages import translated
    from aiebuild.check import check_module
    from aiebuild.dialect import parse_module
    from aiebuild.target import load_target

    violations = check_module(parse_module(text, file), load_target(device))
    for violation in violations:
        shown = str(violation)
        note(f"error: {translated(shown, file, origins) if origins else shown}")
        if violation.hint:
            note(f"hint: {violation.hint}")
    print(f"{name}: {'fits' if not violations else f'{len(violations)} limits broken on'} {device}")
    return not violations


def _check_artifact(build: ModelBuild) -> None:
    """Hash every file of the published artifact, large ones too; raises BuildError for one that differs."""
    from aiebuild.manifest import store

    artifact = artifacts_dir() / build.name
    if artifact.exists():
        store.verify(artifact, store.read(artifact), thorough=True)
        print(f"{display_path(artifact.absolute())}: whole")
