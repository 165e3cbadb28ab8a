"""`aiebuild doctor`, `regen` and `toolchain`: the compilers that are here, and what comes of the pinned ones."""

from __future__ import annotations

from pathlib import Path

import click

from aiebuild.report.terminal import note


@click.command()
def doctor() -> int:
    """Say what was found on this machine, what is missing, and how to get it."""
    from aiebuild.report.doctor import print_findings

    return 0 if print_findings() else 3


@click.command()
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


@click.group()
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
