"""`python -m aiebuild.report.mapping [PAGE]`: writes the page's tables and the pictures in the folder of its name."""

from __future__ import annotations

import sys
from pathlib import Path

from aiebuild.errors import AiebuildError, MissingError, UsageError
from aiebuild.report.mapping.pictures import all_pictures
from aiebuild.report.mapping.tables import all_tables, put


def write(page: Path) -> None:
    """Bring `page` and the pictures in the folder beside it up to date.

    Raises MissingError where there is no such page, UsageError where it has no place for a table.
    """
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise MissingError(f"{page}: {error.strerror}") from None
    for name, content in all_tables().items():
        try:
            text = put(text, name, content)
        except ValueError as error:
            raise UsageError(f"{page}: {error}") from None
    page.write_text(text, encoding="utf-8")
    folder = page.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, canvas in all_pictures().items():
        (folder / f"{name}.svg").write_text(canvas.svg(), encoding="utf-8")


def main() -> int:
    """The exit code."""
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/mapping.md")
    try:
        write(page)
    except AiebuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
