"""The command without its script: `python -m buffrsign.cli`."""

from buffrsign.cli import main

if __name__ == "__main__":
    main()
