"""`python -m erpsync` is the same as `erpsync`."""

from erpsync.cli import main

if __name__ == "__main__":
    main()
