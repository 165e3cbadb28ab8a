"""`python -m aiebuild`: the command line."""

from aiebuild.cli import main

if __name__ == "__main__":
    main()
