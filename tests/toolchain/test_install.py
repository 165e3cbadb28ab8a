"""`toolchain.lock`, and installing a pair from it: from a folder of small wheels, since no test uses the network."""

from __future__ import annotations

import hashlib
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from aiebuild.config.lock import ANY, Lock, LockedWheel, Pair, heading_of, lock_path, lock_text, read_lock, with_pair
from aiebuild.errors import BuildError, MissingError, UsageError
from aiebuild.resources import templates_dir
from aiebuild.toolchain import install
from aiebuild.toolchain.install import install_pair
from aiebuild.toolchain.process import Completed, run


def make_wheel(folder: Path, package: str, version: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    name = package.replace("-", "_")
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def wheels(tmp_path: Path) -> tuple[Path, Path]:
    folder = tmp_path / "wheels"
    return make_wheel(folder, "mlir_aie", "9.1"), make_wheel(folder, "llvm-aie", "99.0.0.2026010101+abc")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What pip was asked to install; downloads are real."""
    names: list[str] = []

    def recorded(argv: tuple[str, ...], **options: object) -> Completed:
        if "install" in argv:
            names.extend(Path(word).name for word in argv if word.endswith(".whl"))
            return Completed(tuple(argv), 0, "", "")
        return run(argv, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(install, "run", recorded)
    return names


def lock_for(wheels: tuple[Path, Path], *, hashed: bool = True, name: str = "9.1 + 99") -> Lock:
    entries = tuple(
        LockedWheel(package, version, path.name, (str(path.parent),), {ANY: sha256(path)} if hashed else {})
        for package, version, path in (
            ("mlir_aie", "9.1", wheels[0]),
            ("llvm-aie", "99.0.0.2026010101+abc", wheels[1]),
        )
    )
    return Lock(1, name, (Pair(name, "c3", entries),))


def test_the_lock_of_this_version() -> None:
    lock = read_lock()
    assert lock_text(lock, heading_of(lock_path())) == lock_path().read_text()
    spellings = {path.parent.name for path in (templates_dir() / "macros").glob("*/mlir.j2")}
    for pair in lock.pairs:
        assert pair.spelling in spellings
        assert [wheel.package for wheel in pair.wheels] == ["mlir_aie", "llvm-aie"]
    # the pinned pair can be held against hashes, for one Python at least
    assert all(wheel.sha256 for wheel in lock.pair(None).wheels)
    nearest = lock.nearest(lock.pair(None))
    assert nearest is not None
    assert nearest.name != lock.pinned


def test_a_pair_is_downloaded_verified_and_installed(wheels: tuple[Path, Path], installed: list[str]) -> None:
    lock, said = lock_for(wheels), list[str]()
    install_pair(lock, lock.pair(None), said.append)
    assert installed == [path.name for path in wheels]
    assert said[-1] == "installing 9.1 + 99"


def test_another_hash_is_refused(wheels: tuple[Path, Path], installed: list[str]) -> None:
    lock = lock_for(wheels)
    make_wheel(wheels[0].parent, "mlir_aie", "9.1").write_bytes(wheels[0].read_bytes() + b"\0")
    with pytest.raises(BuildError, match=r"mlir_aie-9\.1.*: its SHA-256 is [0-9a-f]{64}, toolchain\.lock says"):
        install_pair(lock, lock.pair(None), lambda _: None)
    assert installed == []


def test_hashes_not_recorded_are_refused_or_recorded(
    wheels: tuple[Path, Path], installed: list[str], tmp_path: Path
) -> None:
    lock = lock_for(wheels, hashed=False)
    path = tmp_path / "toolchain.lock"
    path.write_text(lock_text(lock, "# A lock."))
    with pytest.raises(MissingError, match=r"no SHA-256 of it is recorded for any \(recorded: none\); it is"):
        install_pair(lock, lock.pair(None), lambda _: None)
    assert installed == []
    install_pair(lock, lock.pair(None), lambda _: None, record=path)
    assert read_lock(path) == lock_for(wheels)
    assert path.read_text().startswith("# A lock.\n\nformat = 1\n")
    assert len(installed) == 2


def test_a_vanished_nightly_is_explained(wheels: tuple[Path, Path], installed: list[str], tmp_path: Path) -> None:
    gone = replace(
        lock_for(wheels).pairs[0].wheels[1], version="99.0.0.2025010101+def", sources=(f"{tmp_path}/nightly",)
    )
    pair = Pair("9.1 + 98", "c3", (lock_for(wheels).pairs[0].wheels[0], gone))
    lock = with_pair(lock_for(wheels), pair, pin=True)
    with pytest.raises(MissingError) as caught:
        install_pair(lock, lock.pair(None), lambda _: None)
    assert "nightly wheels are removed after some weeks" in str(caught.value)
    assert caught.value.hint == 'aiebuild toolchain install --pair "9.1 + 99"'
    assert str(tmp_path / "nightly") in str(caught.value.detail)
    # a folder that has it comes first
    make_wheel(tmp_path / "mine", "llvm-aie", "99.0.0.2025010101+def")
    install_pair(
        lock,
        replace(pair, wheels=(pair.wheels[0], replace(gone, sha256={}))),
        lambda _: None,
        sources=(str(tmp_path / "mine"),),
        record=_copy(lock, tmp_path),
    )
    assert "llvm_aie-99.0.0.2025010101+def-py3-none-any.whl" in installed


def _copy(lock: Lock, folder: Path) -> Path:
    path = folder / "copy.lock"
    path.write_text(lock_text(lock, "# A copy."))
    return path


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("pinned = .*", 'pinned = "8"'), "`pinned` names no pair: `8`"),
        (("format = 1", "format = 2"), "has format 2, this version reads 1"),
        (("sha256 = .*", 'sha256 = { any = "12" }'), "`12` is no SHA-256"),
        (("spelling", "speling"), "unknown key `speling`"),
    ],
)
def test_a_wrong_lock(change: tuple[str, str], expected: str, wheels: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "toolchain.lock"
    text = lock_text(lock_for(wheels), "# A lock.")
    text = re.sub(*change, text)
    path.write_text(text)
    with pytest.raises(UsageError, match=expected):
        read_lock(path)
    with pytest.raises(UsageError, match="has no pair `7`"):
        lock_for(wheels).pair("7")
