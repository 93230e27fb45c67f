"""What can keep an installation from starting, each said in one sentence that names the cure."""


class StartError(Exception):
    """The installation cannot start as asked; the text goes to the person at the terminal."""
