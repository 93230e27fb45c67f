"""The manual page of settings: `python -m intercanal.apps.manual > docs/settings.md`."""

import sys

from intercanal.apps.features import setting_registry
from intercanal.infra.settings.manual import manual


def settings_page() -> str:
    """Return the page of every setting of the program."""
    return manual(setting_registry())


if __name__ == "__main__":
    sys.stdout.write(settings_page())
