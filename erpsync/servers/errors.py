"""The one error of this package."""


class ServerError(Exception):
    """A server or child process cannot be started, kept or stopped.

    The message says what happened and what to do next; it never carries a password or an address
    that contains one.
    """
