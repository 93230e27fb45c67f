"""The manual page of settings: `make manual` writes it, `make check` sees that it is fresh."""

import sys

from intercanal.apps.features import setting_registry
from intercanal.infra.settings.manual import manual


def settings_page() -> str:
    """Return the page of every setting of the program."""
    return manual(setting_registry())


if __name__ == "__main__":
    sys.stdout.write(settings_page())
