"""`aiebuild compile`: a model built, or its plan printed, or one stage of it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from aiebuild.build.models import ModelBuild, compile_model
from aiebuild.cli.options import builds_of, model_options
from aiebuild.report.terminal import BuildProgress
from aiebuild.resources import artifacts_dir, display_path


@click.command("compile")
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
    for build in builds_of(options):
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
