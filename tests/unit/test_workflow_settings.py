"""Reading `refflow.yaml`."""

from __future__ import annotations

from datetime import date

import pytest

from refflow.workflows.durations import Duration
from refflow.workflows.language.definition import Cap, Window
from refflow.workflows.language.settings import Settings, plain_fields, settings_from
from refflow.workflows.language.settings_file import load_settings

FULL = """\
name: "Ada Example"
email: ada@example.org
zone: Europe/Berlin
holidays: [2026-12-25, 2026-12-26]
window: {days: [mon, wed-fri], hours: 10:00-16:30}
gap: 4bd
caps:
  - {per: contact, max: 6, in: 30d}
  - {per: contact, unanswered: 3}
open_asks: {per_company: 2}
cooldown: 90d
approval: first
plugins:
  email: {host: imap.example.org, port: 993, ssl: true}
"""


def complaints(text: str) -> list[str]:
    settings, problems = load_settings(text, "refflow.yaml")
    assert (settings is None) == bool(problems)
    return [f"{each.line}:{each.column} {each.code} {each.message} ({each.help})" for each in problems]


def test_every_key_is_read() -> None:
    settings, problems = load_settings(FULL, "refflow.yaml")

    assert problems == ()
    assert settings is not None
    assert (settings.name, settings.email, settings.zone) == ("Ada Example", "ada@example.org", "Europe/Berlin")
    assert settings.holidays == (date(2026, 12, 25), date(2026, 12, 26))
    assert settings.window == Window(days=(0, 2, 3, 4), opens=600, closes=990)
    assert (settings.gap, settings.cooldown) == (Duration(4, "bd"), Duration(90, "d"))
    assert settings.caps == (
        Cap(per="contact", most=6, within=Duration(30, "d")),
        Cap(per="contact", unanswered=3),
    )
    assert (settings.open_asks.per_company, settings.open_asks.in_all) == (2, 20)
    assert settings.plugins == {"email": {"host": "imap.example.org", "port": 993, "ssl": True}}
    assert settings_from(plain_fields(settings)) == settings


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "email:   # you@example.org\n", "\ufeff"])
def test_what_is_not_given_has_its_default(text: str) -> None:
    assert load_settings(text, "refflow.yaml") == (Settings(), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zon: UTC", "1:1 E003"),
        ("zone: Europe/Berln", "1:7 E155"),
        ("zone: ../../etc", "1:7 E155"),
        ("zone: [UTC]", "1:7 E005"),
        ("holidays: [2026-13-01]", "1:12 E011"),
        ("holidays: 2026-12-25", "1:11 E005"),
        ("gap: 3 days", "1:6 E130"),
        ("window: {days: mon-fry}", "1:16 E011"),
        ("window: {hours: 17:30-09:00}", "1:17 E011"),
        ("window: {hour: 09:00-17:30}", "1:10 E003"),
        ("caps: [{per: contract, max: 1, in: 1d}]", "1:14 E011"),
        ("caps: [{per: contact, max: 1}]", "1:8 E006"),
        ("caps: [{per: contact, max: 0, in: 1d}]", "1:28 E011"),
        ("caps: [{per: company, unanswered: 2}]", "1:14 E011"),
        ("open_asks: {per_company: many}", "1:26 E011"),
        ("anytime: {event: reply.received, exit: no}", "1:10 E005"),
        ("anytime: [{event: reply.received}]", "1:11 E006"),
        ("anytime: [{exit: no}]", "1:11 E006"),
        ("anytime: [{event: reply.recieved, exit: no}]", "1:19 E150"),
        ("anytime: [{event: settings.changed, exit: no}]", "1:19 E151"),
        ("anytime: [{event: run.exited, exit: no}]", "1:19 E151"),
        ("anytime: [{event: reply.received, go: away, exit: no}]", "1:35 E003"),
        ("anytime: [{event: reply.received, exit: no, fi: true}]", "1:45 E003"),
        ("anytime: [{event: reply.received, exit: No way}]", "1:41 E007"),
        ('anytime: [{event: reply.received, if: contact.name == "A", exit: no}]', "1:39 E120"),
        ('anytime: [{event: reply.received, if: event.intnt == "later", exit: no}]', "1:45 E121"),
        ("anytime: [{event: reply.received, if: event.intent, exit: no}]", "1:39 E123"),
        ("approval: always", "1:11 E011"),
        ("approval: bunch", "1:11 E011"),
        ("plugins: [email]", "1:10 E005"),
        ("just words", "1:1 E005"),
        ("name: a\nname: b", "2:1 E002"),
        ("a: [", "E001"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    (complaint,) = complaints(text)

    assert said in complaint


def test_every_mistake_is_told_at_once() -> None:
    found = complaints("zone: Mars\ngap: soon\naproval: every\n")

    assert [each.split(" ")[1] for each in found] == ["E155", "E130", "E003"]
    assert "did you mean `approval`?" in found[2]


def test_a_range_of_days_may_go_over_the_weekend() -> None:
    settings, _ = load_settings("window: {days: sat-mon}", "refflow.yaml")

    assert settings is not None
    assert settings.window.days == (0, 5, 6)
