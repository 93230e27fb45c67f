"""The page of settings in the manual is what the program has."""

from pathlib import Path

from intercanal.apps.features import setting_registry
from intercanal.apps.manual import settings_page

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == settings_page(), "run `make manual`"


def test_every_setting_is_on_it() -> None:
    assert all(f"`{setting.key}`" in PAGE.read_text() for setting in setting_registry())
