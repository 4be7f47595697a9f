"""Pages in Debian's Chromium against a live server: fixtures and the checks that every page must pass.

The fixtures ``browser``, ``page`` and ``plain_page`` are known to every journey (``conftest.py``); helpers
are imported: ``from tests.journeys.browser import check_page, sign_in``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from hocbaso.apps.accounts.models import User
from hocbaso.apps.common import clock

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 40_000  # ms: a loaded machine is not a failing page
expect.set_options(timeout=PATIENCE)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
#: WCAG 2.2 AA and axe's best practices.
_AXE = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],  # what passes is not described element by element
}
#: Chromium reports the status of a page it shows as an error of its own; 4xx pages are tested on purpose.
_STATUS_NOTE = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: install the Debian package chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM)
        yield launched
        launched.close()


def _watched(context: BrowserContext) -> tuple[Page, list[str]]:
    """A page that remembers script errors and refused content (CSP)."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not _STATUS_NOTE.search(message.text):
            complaints.append(message.text)

    opened = context.new_page()
    opened.on("console", heard)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.set_default_timeout(PATIENCE)
    return opened, complaints


def _context(browser: Browser, *, script: bool) -> BrowserContext:
    return browser.new_context(
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        viewport=DESKTOP,  # type: ignore[arg-type]
        java_script_enabled=script,
        reduced_motion="reduce",
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh profile; at the end it must have heard no error of scripts or of the CSP."""
    context = _context(browser, script=True)
    opened, complaints = _watched(context)
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript: everything must work as plain HTML first."""
    context = _context(browser, script=False)
    opened, _complaints = _watched(context)
    yield opened
    context.close()


def settled(page: Page) -> None:
    """Wait until the page that is on its way (a form sent, a link followed) has come and stands whole."""
    page.wait_for_load_state("load")
    page.wait_for_function("document.readyState === 'complete' && document.body !== null")


def axe_findings(page: Page) -> list[str]:
    """Violations that axe finds on the page as it stands, one line each."""
    if page.evaluate("window.axe === undefined"):  # half a megabyte, read once a document
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate("options => axe.run(options).then(found => found.violations)", _AXE)
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]}"
        for violation in violations
        for node in violation["nodes"]
    ]


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


def small_targets(page: Page) -> list[str]:
    """Buttons, inputs and links outside running text under 24 × 24 px (WCAG 2.5.8)."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('button, input:not([type=hidden]), select, a.button')]
            .map(e => e.matches('[type=radio], [type=checkbox]') ? e.closest('label') ?? e : e)
            .filter(e => e.checkVisibility() && !e.closest('.visually-hidden')
                && !e.classList.contains('visually-hidden'))
            .map(e => [e, e.getBoundingClientRect()])
            .filter(([e, r]) => r.width > 0 && (r.height < 23.5 || r.width < 19.5))
            .map(([e, r]) => `${e.outerHTML.slice(0, 120)} ${r.width}×${r.height}`)"""
    )
    return found


def check_page(page: Page) -> None:
    """What every page must pass: axe at both widths, no sideways scroll at 360 px, a heading, a title.

    A click that leads to another page returns before that page has come: a page that is replaced while it is
    looked at is looked at again.
    """
    for attempts_left in (2, 1, 0):
        settled(page)
        address = page.url
        try:
            _check_standing(page)
        except Error:
            if attempts_left == 0:
                raise
            continue
        if page.url == address:
            return


def _check_standing(page: Page) -> None:
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        over = sideways(page)
        assert over <= 0, f"{page.url} is {over} px too wide at {size['width']} px"
        findings = axe_findings(page)
        assert findings == [], f"{page.url} at {size['width']} px:\n" + "\n".join(findings)
        targets = small_targets(page)
        assert targets == [], f"{page.url} at {size['width']} px:\n" + "\n".join(targets)
    assert page.locator("h1").count() == 1, f"{page.url} needs one main heading"
    assert page.title().endswith("Học bạ số")


def one_time_code(username: str) -> str:
    """The present code of an enrolled user's authenticator; earlier codes are forgotten first.

    To be called when the field for it stands: the server must have done with the user.
    """
    User.objects.filter(username=username).update(totp_last_step=0)
    return pyotp.TOTP(User.objects.get(username=username).totp_secret).at(clock.now())


def sign_in(page: Page, address: str, username: str, password: str) -> None:
    """Through the door as a person would: password, then the code when it is asked for."""
    page.goto(f"{address}/")
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu").fill(password)
    with page.expect_navigation():
        page.get_by_role("button", name="Đăng nhập").click()
    if page.url.endswith("/ma-xac-nhan"):
        page.get_by_label("Mã xác nhận").fill(one_time_code(username))
        with page.expect_navigation():
            page.get_by_role("button", name="Tiếp tục").click()
