"""Every journey may ask for a browser."""

from tests.journeys.browser import browser, page, plain_page  # noqa: F401
