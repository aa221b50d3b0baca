"""Whatever a plugin does wrong costs that plugin alone, and says so: each case with a package that is installed."""

# ruff: noqa: E501  # programs in strings read best unbroken

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

MONDAY = "2026-03-02T09:30:00+00:00"

HEALTHY = """
from refflow.api import EventTypeSpec, ProjectionSpec, hookimpl
from .fold import Met

@hookimpl
def refflow_event_types():
    yield EventTypeSpec(name="well.met", summary="Met", version=1, payload=Met)

@hookimpl
def refflow_projections():
    yield ProjectionSpec(
        name="well-met", summary="Met", version=1, handles=frozenset({"contact.added"}), factory="refflow_well.fold:MET"
    )
"""
FOLD = """
import msgspec

class Met(msgspec.Struct, frozen=True):
    contact: str

def __getattr__(name):
    if name != "MET":
        raise AttributeError(name)
    from typing import ClassVar
    from refflow.api import Projection, Row

    class Seen(Row, kw_only=True):
        table: ClassVar[str] = "well_seen"
        contact: str

    def added(rows, event, payload):
        rows.put(payload.contact, Seen(contact=payload.contact))

    return Projection(name="well-met", version=1, tables=(Seen,), handlers={"contact.added": added})
"""

PRELUDE = f"""
import json, sys
from datetime import datetime
from pathlib import Path
from refflow import api
now = datetime.fromisoformat("{MONDAY}")
folder = Path(sys.argv[1])
said = []
def told(workspace, table):
    return workspace.connection.execute("SELECT * FROM " + table).fetchall()
def add(workspace, name, **more):
    return api.find_contact(workspace, api.add_person(workspace, api.PersonDetails(name=name, **more), now))
def settings(text):
    (folder / "refflow.yaml").write_text(text, encoding="utf-8")
"""


def run(site: Site, folder: Path, code: str) -> Any:
    """What a program prints as JSON that works with the workspace in `folder`."""
    done = site.python("-c", PRELUDE + code, str(folder))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


INIT = (
    "api.init(folder, now, name='Sam Seeker', email='sam@example.org', warn=said.append).connection.close()\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "search"


@pytest.fixture
def well(site: Site) -> Site:
    """With a healthy plugin installed, whose view must go on whatever the others do."""
    site.add("well", HEALTHY, fold=FOLD)
    return site


BROKEN = {
    "raises on import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "lacks a dependency": ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
    "ends the process": ("raise SystemExit(3)", "SystemExit: 3"),
    "is no Python": ("def def", "SyntaxError"),
    "has an unknown hook": (
        "from refflow.api import hookimpl\n@hookimpl\ndef refflow_chanels(): return []",
        "unknown hook refflow_chanels; did you mean `refflow_channels`?",
    ),
    "raises in a hook": (
        "from refflow.api import hookimpl\n@hookimpl\ndef refflow_channels(): raise OSError('no')",
        "refflow_channels raised OSError: no",
    ),
    "gives a wrong type": (
        "from refflow.api import hookimpl\n@hookimpl\ndef refflow_channels(): return ['sms']",
        "refflow_channels must return or yield ChannelSpecs; it gave str",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_plugin_that_cannot_be_loaded_is_told_in_one_line_and_the_rest_goes_on(
    well: Site, folder: Path, fault: str
) -> None:
    code, reason = BROKEN[fault]
    well.add("bad", code, version="0.9")

    rows, said = run(
        well,
        folder,
        INIT
        + "with api.open_workspace(folder, warn=said.append) as w:\n"
        + "    add(w, 'Ana Lima')\n"
        + "    print(json.dumps([told(w, 'well_seen'), said]))",
    )

    assert len(rows) == 1
    lines = [line for line in said if "the plugin bad of refflow-bad 0.9 is not used" in line]
    assert len(lines) == 2, "one line for each time the workspace was opened"
    assert reason in lines[0]
    assert "refflow doctor" in lines[0]

    doctor = well.refflow("doctor", "--details", "--workspace", str(folder))
    assert doctor.returncode == 5
    assert "problem: plugin bad (refflow-bad 0.9): " in doctor.stdout
    assert reason in doctor.stdout
    assert "refflow plugins uninstall refflow-bad" in doctor.stdout
    listed = well.refflow("plugins")
    assert listed.returncode == 0
    assert "well  refflow-well  1.0      active" in listed.stdout
    assert "bad   refflow-bad   0.9      failed  " in listed.stdout


def test_with_strict_plugins_it_is_an_error_instead(well: Site) -> None:
    well.add("bad", "1 / 0", version="0.9")

    done = well.refflow("plugins", REFFLOW_STRICT_PLUGINS="1")

    assert done.returncode == 1
    assert "The plugin bad of refflow-bad 0.9: ZeroDivisionError" in done.stderr


def test_a_broken_plugin_can_be_left_out_before_it_is_imported(well: Site) -> None:
    well.add("bad", "raise SystemExit(3)")

    for done in (
        well.refflow("plugins", "--no-plugins=bad, email"),
        well.refflow("--no-plugins=refflow-bad", "plugins"),
        well.refflow("plugins", REFFLOW_NO_PLUGINS="bad"),
    ):
        assert "bad   refflow-bad   1.0      disabled" in done.stdout
        assert "well  refflow-well  1.0      active" in done.stdout
    for done in (well.refflow("--no-plugins", "plugins"), well.refflow("plugins", REFFLOW_NO_PLUGINS="all")):
        assert "well  refflow-well  1.0      disabled" in done.stdout
        assert "REFFLOW_NO_PLUGINS leaves it out" in done.stdout


def test_a_name_that_no_plugin_has_is_not_left_out_in_silence(well: Site, folder: Path) -> None:
    """It would let in the plugin that was meant."""
    well.add("bad", "raise SystemExit(3)")
    run(well, folder, INIT + "print(1)")

    for line in (
        ["--no-plugins=bda", "plugins"],
        ["plugins", "list", "--no-plugins=well,bda"],
        ["next", "--no-plugins=bda"],
        ["--no-plugins=bda"],
    ):
        done = well.refflow(*line, cwd=folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "refflow: There is no plugin `bda` to leave out; did you mean `bad`?\n"
    done = well.refflow("explain", "E130", "--no-plugins=zzz", cwd=folder)
    assert done.returncode == 2
    assert "There is no plugin `zzz` to leave out; `refflow plugins --all` shows what there is." in done.stderr


def test_what_one_command_leaves_out_the_next_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several may be run in a process, as tests of plugins do."""
    from refflow.cli.application import refflow

    monkeypatch.setenv("REFFLOW_NO_PLUGINS", "crm")
    assert refflow.run(["--no-plugins", "plugins", "list", "--all"]) == 0
    assert refflow.run(["--no-plugins=email", "next", "--nonsense"]) == 2
    assert os.environ["REFFLOW_NO_PLUGINS"] == "crm"


CHANNEL = """
from refflow.api import ChannelSpec, hookimpl

@hookimpl
def refflow_channels():
    yield ChannelSpec(
        name="{name}", summary="Sends", factory="refflow_{module}.channel:Channel", mode="auto",
        can=frozenset({{"send", "reconcile"}}),
    )
"""


def test_two_owners_of_one_name_are_both_refused_and_named(well: Site) -> None:
    well.add("chat", CHANNEL.format(name="chat", module="chat"), version="0.2")
    well.add("teams", CHANNEL.format(name="chat", module="teams"), version="1.1")

    listed = well.refflow("plugins").stdout

    assert "channel:chat of refflow-teams 1.1 is also declared by refflow-chat 0.2" in listed
    assert "channel:chat of refflow-chat 0.2 is also declared by refflow-teams 1.1" in listed
    assert 'prefer: {"channel:chat": "refflow-teams"}' in listed


WORKFLOW = """
refflow: 1
workflow: {name}
title: Say hello
on:
  - manual: true
subject: {{contact: event.contact}}
again: always
steps:
  - id: hello
    send: {{template: hello, channel: {channel}}}
  - exit: done
outcomes:
  good: [done]
"""

WITH_WORKFLOWS = (
    INIT
    + "settings('name: Sam Seeker\\nemail: sam@example.org\\napproval: none\\nwindow: {days: mon-sun, hours: 00:00-23:59}\\n"
    + "plugins:\\n  sms: {}\\n')\n"
    + "(folder / 'templates' / 'hello.txt').write_text('Hello there.')\n"
    + f"(folder / 'workflows' / 'by-sms.yaml').write_text({WORKFLOW.format(name='by-sms', channel='sms')!r})\n"
    + f"(folder / 'workflows' / 'by-eml.yaml').write_text({WORKFLOW.format(name='by-eml', channel='eml')!r})\n"
    + "with api.open_workspace(folder, warn=said.append) as w:\n"
    + "    api.synchronise(w, now)\n"
)

RAISING = """
from refflow.api import NOT_SENT, UNKNOWN, Permanent, Retryable

class Channel:
    def __init__(self, context):
        self.folder = context.folder

    def deliver(self, outgoing):
        with (self.folder.parent / "attempts.txt").open("a") as file:
            file.write(outgoing.message + chr(10))
        raise {error}

    def was_sent(self, outgoing):
        return {found}
"""

SEND = """
with api.open_workspace(folder, warn=said.append) as w:
    ana = add(w, 'Ana Lima', relation='friend', email='ana@example.com')
    api.start(w, 'by-sms', ana, None, now)
    bo = add(w, 'Bo Berg', relation='friend', email='bo@example.com')
    api.start(w, 'by-eml', bo, None, now)
    messages = {m.channel: [m.status, m.detail] for m in w.views.find(__import__('refflow.views.messages').views.messages.Message)}
    print(json.dumps([messages, said]))
"""


@pytest.mark.parametrize(
    ("error", "found", "status"),
    [
        ("Permanent('no such number')", "NOT_SENT", "failed"),
        ("Retryable('busy')", "NOT_SENT", "held"),
        ("OSError('connection reset')", "UNKNOWN", "in_doubt"),
        ("OSError('connection reset')", "NOT_SENT", "failed"),
        ("KeyError('a bug')", "UNKNOWN", "in_doubt"),
    ],
)
def test_what_a_channel_raises_is_classified_and_never_sent_again_blindly(
    well: Site, folder: Path, error: str, found: str, status: str
) -> None:
    well.add("sms", CHANNEL.format(name="sms", module="sms"), channel=RAISING.format(error=error, found=found))
    run(well, folder, WITH_WORKFLOWS + "print('[]')")

    messages, _ = run(well, folder, SEND)

    assert messages["sms"][0] == status
    assert messages["eml"][0] == "prepared", "the other channel goes on"
    attempts = (folder / "attempts.txt").read_text().splitlines()
    assert len(attempts) == 1


WORKING = """
from refflow.api import UNKNOWN, Delivery

class Channel:
    def __init__(self, context):
        self.folder = context.folder

    def deliver(self, outgoing):
        with (self.folder.parent / "sent.txt").open("a") as file:
            file.write(outgoing.message + chr(10))
        return Delivery(reference=outgoing.message, note="")

    def was_sent(self, outgoing):
        return UNKNOWN
"""
SMS = CHANNEL.format(name="sms", module="sms")
BLOCKED = {
    "fails on import": ("1 / 0", WORKING, "plugin sms failed"),
    "has a factory that fails on import": (SMS, "import no_such_package", "plugin sms failed"),
    "has a factory that raises": (SMS, WORKING.replace("self.folder = ", "1 / 0 = "), "plugin sms failed"),
    "has lost its channel": ("", WORKING, "plugin sms does not have the channel sms"),
    "is gone": (None, WORKING, "no plugin has the channel sms"),
}


@pytest.mark.parametrize("fault", BLOCKED)
def test_what_needs_a_failed_plugin_is_held_and_goes_on_when_it_is_back(
    well: Site, folder: Path, fault: str
) -> None:
    """The workflow is blocked, the others run, and the command that needed the plugin ends with 3."""
    manifest, channel, reason = BLOCKED[fault]
    well.add("sms", SMS, channel=WORKING)
    run(well, folder, WITH_WORKFLOWS + "print('[]')")
    well.remove("sms")
    if manifest is not None:
        well.add("sms", manifest, channel=channel, version="1.1")

    messages, said = run(well, folder, SEND)

    assert messages["eml"][0] == "prepared"
    assert messages["sms"] == ["held", f"blocked: {reason}"]
    assert any(each.startswith(f"blocked: {reason}: ") for each in said)
    where = ("--workspace", str(folder), "--now", MONDAY)
    doctor = well.refflow("doctor", *where)
    assert f"workflow by-sms: blocked: {reason}" in doctor.stdout
    assert f"channel sms: nothing leaves by it ({reason}); 1 message waits" in doctor.stdout
    assert "workflow by-eml" not in doctor.stdout
    well.refflow("person", "add", "Cy Cole", "--relation", "friend", *where)
    needing = well.refflow("start", "by-sms", "Cy Cole", *where)
    assert needing.returncode == 3, needing.stderr
    assert f"blocked: {reason}" in needing.stderr
    assert well.refflow("next", *where).returncode == 0, "it needs the plugin for nothing"

    well.remove("sms")
    well.add("sms", SMS, channel=WORKING, version="1.2")

    back = well.refflow("next", *where)
    assert back.returncode == 0, back.stderr
    sent = run(
        well,
        folder,
        "from refflow.views.messages import Message\n"
        "with api.open_workspace(folder) as w:\n"
        "    found = [m.status for m in w.views.find(Message) if m.channel == 'sms']\n"
        "    print(json.dumps([found, api.redecide(w).differing]))",
    )
    assert sent == [["sent", "sent"], []], "and deciding again gives the same"
    assert len((folder / "sent.txt").read_text().splitlines()) == 2


def test_a_message_held_for_its_plugin_is_not_sent_when_an_answer_came_first(well: Site, folder: Path) -> None:
    well.add("sms", SMS, channel=WORKING)
    run(well, folder, WITH_WORKFLOWS + "print('[]')")
    well.remove("sms")
    well.add("sms", "1 / 0", version="1.1")
    run(well, folder, SEND)
    well.remove("sms")
    well.add("sms", SMS, channel=WORKING)

    status = run(
        well,
        folder,
        "from refflow.views.messages import Message\n"
        "with api.open_workspace(folder) as w:\n"
        "    ana = api.find_contact(w, 'Ana Lima')\n"
        "    api.log_contact(w, ana, 'email', 'Yes?', now, direction='in')\n"
        "    print(json.dumps([m.status for m in w.views.find(Message) if m.channel == 'sms']))",
    )

    assert status == ["held"]
    assert not (folder / "sent.txt").exists()


STALLING = HEALTHY.replace("well", "odd")
ODD_FOLD = FOLD.replace("well", "odd").replace(
    "        rows.put(",
    "        if '3' in str(event.position)[-1:]:\n            raise ValueError(event.position)\n        rows.put(",
)


def test_a_view_that_cannot_fold_an_event_stops_there_and_the_others_go_on(well: Site, folder: Path) -> None:
    code = INIT + (
        "with api.open_workspace(folder, warn=said.append) as w:\n"
        "    for i in range(12):\n"
        "        add(w, 'Person %d' % i)\n"
        "    print(json.dumps([told(w, 'well_seen'), told(w, 'odd_seen'), {n: s.position for n, s in w.views.stalled.items()}]))"
    )
    well.add("odd", STALLING, fold=ODD_FOLD)

    seen, stopped, stalled = run(well, folder, code)

    assert len(seen) == 12
    position = stalled["odd-met"]
    assert str(position).endswith("3")
    before = [contact for (contact,) in seen if int(contact[1:]) < position]
    assert [contact for (contact,) in stopped] == sorted(before)

    again, said = run(
        well,
        folder,
        "with api.open_workspace(folder, warn=said.append) as w:\n"
        "    print(json.dumps([told(w, 'odd_seen'), said]))",
    )
    assert again == stopped, "it stays as it was: no event is skipped, none is folded twice"
    assert any(
        f"the view odd-met is stalled at event {position}: ValueError: {position}" in each for each in said
    )
    doctor = well.refflow("doctor", "--workspace", str(folder))
    assert f"view odd-met: stalled at {position}: ValueError" in doctor.stdout

    well.remove("odd")
    well.add("odd", STALLING, fold=FOLD.replace("well", "odd"))
    mended = run(
        well,
        folder,
        "with api.open_workspace(folder) as w:\n    api.replay(w, 'odd-met')\n"
        "    print(json.dumps([told(w, 'odd_seen'), list(w.views.stalled)]))",
    )
    assert mended == [seen, []]


def test_a_rebuild_stops_at_the_same_event_as_the_live_view(well: Site, folder: Path) -> None:
    well.add("odd", STALLING, fold=ODD_FOLD)
    live, position = run(
        well,
        folder,
        INIT
        + "with api.open_workspace(folder) as w:\n"
        + "    for i in range(12):\n        add(w, 'Person %d' % i)\n"
        + "    print(json.dumps([told(w, 'odd_seen'), w.views.stalled['odd-met'].position]))",
    )

    rebuilt = run(
        well,
        folder,
        "with api.open_workspace(folder) as w:\n    api.replay(w)\n"
        "    print(json.dumps([told(w, 'odd_seen'), w.views.stalled['odd-met'].position]))",
    )

    assert rebuilt == [live, position]


def test_a_view_cannot_touch_the_rows_of_another(well: Site, folder: Path) -> None:
    greedy = FOLD.replace("well", "odd").replace(
        "        rows.put(payload.contact, Seen(contact=payload.contact))",
        "        from refflow.views.contacts import Contact\n        rows.drop(Contact, payload.contact)",
    )
    well.add("odd", STALLING, fold=greedy)

    contacts, stalled = run(
        well,
        folder,
        INIT
        + "with api.open_workspace(folder) as w:\n    add(w, 'Ana Lima')\n"
        + "    print(json.dumps([len(told(w, 'contact')), w.views.stalled['odd-met'].reason]))",
    )

    assert contacts == 1
    assert "the table contact is not this projection's" in stalled


def test_a_view_whose_factory_fails_is_left_out(well: Site, folder: Path) -> None:
    well.add(
        "odd",
        STALLING.replace("from .fold import Met", "import msgspec\nclass Met(msgspec.Struct): pass"),
        fold="1 / 0",
    )

    seen, said = run(
        well,
        folder,
        INIT
        + "with api.open_workspace(folder, warn=said.append) as w:\n    add(w, 'Ana Lima')\n"
        + "    print(json.dumps([told(w, 'well_seen'), said]))",
    )

    assert len(seen) == 1
    assert any(
        "view odd-met of refflow-odd 1.0: refflow_odd.fold:MET failed on import" in each for each in said
    )


REACTOR = """
import msgspec
from refflow.api import EventTypeSpec, ReactorSpec, hookimpl

class Told(msgspec.Struct, frozen=True, kw_only=True):
    contact: str

@hookimpl
def refflow_event_types():
    yield EventTypeSpec(name="crm.contact.told", summary="Told", version=1, payload=Told)

@hookimpl
def refflow_reactors():
    yield ReactorSpec(
        name="crm", summary="Tells", handles=frozenset({"contact.added"}), factory="refflow_crm.act:Reactor",
        start="START",
    )
"""
ACT = """
from . import Told

class Reactor:
    def __init__(self, context):
        self.folder = context.folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def react(self, event, key, now):
        if (self.folder / "down").exists():
            raise ConnectionError("down")
        with (self.folder / "told.txt").open("a") as file:
            file.write(key.rpartition("/")[2] + chr(10))
        return [Told(contact=event.payload.contact)]
"""
CRM = "settings('name: Sam Seeker\\nplugins:\\n  crm: {}\\n')\nwith api.open_workspace(folder) as w:\n    api.synchronise(w, now)\n"
ADD = """
with api.open_workspace(folder, warn=said.append) as w:
    add(w, 'Person %d' % w.log.head())
    kinds = [e.kind for p in w.log.read() for e in p]
    cursor = w.connection.execute("SELECT position, attempts, error FROM effect_cursor").fetchall()
    print(json.dumps([kinds.count('crm.contact.told'), cursor, said, w.log.head()]))
"""


def told(folder: Path) -> list[str]:
    path = folder / "outbox" / "crm" / "told.txt"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize(("start", "past"), [("now", 0), ("origin", 1)])
def test_a_reactor_begins_where_it_says_and_acts_once_an_event(
    well: Site, folder: Path, start: str, past: int
) -> None:
    run(well, folder, INIT + "with api.open_workspace(folder) as w:\n    add(w, 'Before')\nprint('[]')")
    well.add("crm", REACTOR.replace("START", start), act=ACT)
    run(well, folder, CRM + "print('[]')")

    recorded, _, _, _ = run(well, folder, ADD)
    assert (recorded, len(told(folder))) == (past + 1, past + 1)
    recorded, _, _, _ = run(well, folder, ADD)
    assert (recorded, len(told(folder))) == (past + 2, past + 2)
    run(well, folder, "with api.open_workspace(folder) as w:\n    api.replay(w)\nprint('[]')")
    assert len(told(folder)) == past + 2, "a replay moves no reactor"


SINK = """
from refflow.api import ReminderSinkSpec, hookimpl

@hookimpl
def refflow_reminders():
    yield ReminderSinkSpec(name="pad", summary="-", factory="refflow_pad.act:Sink")
"""
KEEPING = """
class Sink:
    def __init__(self, context):
        self.folder = context.folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def upsert(self, reminder):
        (self.folder / reminder.uid).touch()

    def cancel(self, uid):
        pass
"""


def test_what_acts_does_nothing_before_the_settings_name_its_plugin(well: Site, folder: Path) -> None:
    """Neither a reactor nor reminders; a channel holds what is for it."""
    well.add("crm", REACTOR.replace("START", "origin"), act=ACT)
    well.add("pad", SINK, act=KEEPING)
    well.add("sms", SMS, channel=WORKING)
    outside = WITH_WORKFLOWS.replace("sms: {}", "disabled: []")
    run(well, folder, outside + "print('[]')")

    messages, said = run(well, folder, SEND)

    assert messages["sms"] == ["held", "blocked: plugin sms is not enabled"]
    assert any("write `plugins: {sms: {}}` in refflow.yaml" in each for each in said)
    assert not (folder / "outbox" / "crm").exists()
    assert not (folder / "outbox" / "pad").exists()
    assert not (folder / "sent.txt").exists()

    named = "settings((folder / 'refflow.yaml').read_text().replace('disabled: []', 'sms: {}\\n  crm: {}\\n  pad: {}'))\n"
    run(well, folder, named + "with api.open_workspace(folder) as w:\n    api.synchronise(w, now)\nprint('[]')")
    run(
        well,
        folder,
        "with api.open_workspace(folder) as w:\n    add(w, 'Cy Cole')\n    w.catch_up(now)\nprint('[]')",
    )
    assert len(told(folder)) == 3
    assert (folder / "sent.txt").exists()


def test_a_view_of_events_that_nobody_declares_is_degraded(well: Site, folder: Path) -> None:
    """It lists a kind of another plugin, which is gone."""
    listing = STALLING.replace(
        'frozenset({"contact.added"})', 'frozenset({"contact.added", "crm.contact.told"})'
    )
    fold = FOLD.replace("well", "odd").replace(
        '{"contact.added": added}', '{"contact.added": added, "crm.contact.told": added}'
    )
    well.add("odd", listing, fold=fold)
    run(well, folder, INIT + "print('[]')")

    doctor = well.refflow("doctor", "--workspace", str(folder))

    assert (
        "warning: view odd-met: degraded: it folds crm.contact.told, which no plugin here declares"
        in doctor.stdout
    )
    well.add("crm", REACTOR.replace("START", "now"), act=ACT)
    assert "degraded" not in well.refflow("doctor", "--workspace", str(folder)).stdout


def test_a_reactor_that_fails_stays_where_it_is_and_is_tried_again_later(well: Site, folder: Path) -> None:
    well.add("crm", REACTOR.replace("START", "now"), act=ACT)
    run(well, folder, INIT + CRM + "print('[]')")
    down = folder / "outbox" / "crm" / "down"
    down.parent.mkdir(parents=True, exist_ok=True)
    down.touch()

    recorded, [[position, attempts, error]], said, head = run(well, folder, ADD)
    assert (recorded, attempts, error, told(folder)) == (0, 1, "ConnectionError", [])
    assert position < head
    assert any(
        "the reactor crm failed and is tried again later: ConnectionError: down" in each for each in said
    )
    doctor = well.refflow("doctor", "--workspace", str(folder))
    assert "reactor crm (refflow-crm 1.0): failed 1 times in a row (ConnectionError)" in doctor.stdout

    recorded, [[_, attempts, _]], _, _ = run(well, folder, ADD)
    assert (recorded, attempts) == (0, 1), "not before the pause is over"

    down.unlink()
    recorded, [[position, attempts, _]], _, head = run(
        well,
        folder,
        ADD.replace("with api", "from datetime import timedelta\nnow += timedelta(minutes=2)\nwith api", 1),
    )
    assert (recorded, attempts, len(told(folder))) == (3, 0, 3)


def test_a_reactor_whose_telling_cannot_be_recorded_is_not_past_the_event(well: Site, folder: Path) -> None:
    odd = "        if (self.folder / 'odd').exists():\n            return [Told(contact=object())]\n        with (self.folder"
    well.add("crm", REACTOR.replace("START", "now"), act=ACT.replace("        with (self.folder", odd))
    run(well, folder, INIT + CRM + "print('[]')")
    mark = folder / "outbox" / "crm" / "odd"
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    recorded, [[position, attempts, _]], _, head = run(well, folder, ADD)
    assert (recorded, attempts, position < head) == (0, 1, True)

    mark.unlink()
    later = ADD.replace("with api", "from datetime import timedelta\nnow += timedelta(minutes=2)\nwith api", 1)
    recorded, _, _, _ = run(well, folder, later)

    assert recorded == len(told(folder)) == 2, "who was added first is told of, too"


def test_a_process_that_dies_between_two_events_does_nothing_twice(well: Site, folder: Path) -> None:
    """What a reactor tells of an event and that it is done with it are one transaction."""
    people = "with api.open_workspace(folder) as w:\n    add(w, 'One')\n    add(w, 'Two')\nprint('[]')"
    run(well, folder, INIT + people)
    dying = ACT.replace(
        "        with (self.folder", "        if (self.folder / 'told.txt').exists() and (self.folder / 'die').exists():\n"
        "            import os\n            os._exit(9)\n        with (self.folder"
    )  # fmt: skip
    well.add("crm", REACTOR.replace("START", "origin"), act=dying)
    run(well, folder, CRM + "print('[]')")
    die = folder / "outbox" / "crm" / "die"
    die.parent.mkdir(parents=True, exist_ok=True)
    die.touch()
    assert well.python("-c", PRELUDE + ADD, str(folder)).returncode == 9
    assert len(told(folder)) == 1

    die.unlink()
    recorded, _, _, _ = run(well, folder, ADD)

    assert len(told(folder)) == len(set(told(folder))) == recorded == 4


def about_the_contact(site: Site, folder: Path) -> Any:
    """The kinds of the events about the one contact there is."""
    return run(
        site,
        folder,
        "from refflow.views.timeline import Happening\n"
        "with api.open_workspace(folder) as w:\n"
        "    print(json.dumps([each.kind for each in w.views.find(Happening) if each.contact]))",
    )


def test_an_event_whose_plugin_is_gone_stays_and_the_doctor_names_the_package(well: Site, folder: Path) -> None:
    well.add("crm", REACTOR.replace("START", "now"), act=ACT, version="0.9.1")
    run(well, folder, INIT + CRM + "print('[]')")
    run(well, folder, ADD)
    well.remove("crm")

    recorded, damage, opaque, same = run(
        well,
        folder,
        "with api.open_workspace(folder) as w:\n"
        "    kinds = [e for p in w.log.read() for e in p if e.kind == 'crm.contact.told']\n"
        "    api.replay(w)\n"
        "    same = [c.differing for c in api.replay_check(w)]\n"
        "    print(json.dumps([len(kinds), api.verify_chain(w).damage, type(kinds[0].payload).__name__, sum(same)]))",
    )

    assert (recorded, damage, opaque, same) == (1, None, "Opaque", 0)
    assert "crm.contact.told" not in about_the_contact(well, folder)
    doctor = well.refflow("doctor", "--workspace", str(folder))
    assert "1 event of the kind crm.contact.told" in doctor.stdout
    assert "is of refflow-crm 0.9.1, which is not here" in doctor.stdout
    assert "refflow plugins install refflow-crm" in doctor.stdout

    well.add("crm", REACTOR.replace("START", "now"), act=ACT, version="0.9.1")
    back = run(
        well,
        folder,
        "with api.open_workspace(folder) as w:\n"
        "    print(json.dumps([type(e.payload).__name__ for p in w.log.read() for e in p if e.kind == 'crm.contact.told']))",
    )
    assert back == ["Told"]
    assert "crm.contact.told" in about_the_contact(well, folder), "its view is rebuilt by itself"


def test_an_event_that_its_plugin_can_no_longer_decode_keeps_nothing_from_the_rest(
    well: Site, folder: Path
) -> None:
    """Its author changed the shape of a released version, which nobody may do."""
    well.add("crm", REACTOR.replace("START", "now"), act=ACT)
    run(well, folder, INIT + CRM + "print('[]')")
    run(well, folder, ADD)
    well.remove("crm")
    well.add("crm", REACTOR.replace("START", "now").replace("contact: str", "number: int"), act=ACT)

    contacts, kinds = run(
        well,
        folder,
        "with api.open_workspace(folder) as w:\n    api.replay(w)\n"
        "    kinds = [type(e.payload).__name__ for p in w.log.read() for e in p if e.kind == 'crm.contact.told']\n"
        "    print(json.dumps([len(told(w, 'contact')), kinds]))",
    )

    assert (contacts, kinds) == (1, ["Opaque"])
    doctor = well.refflow("doctor", "--workspace", str(folder))
    assert "of which not all can be decoded: ValidationError" in doctor.stdout


CHECK = """
from refflow.api import Finding, HealthCheckSpec, hookimpl

def check(context):
    marker = context.folder / "untidy"
    if marker.exists():
        yield Finding(level="problem", text="it is untidy here", remedy="tidy up")

def fix(context, finding):
    (context.folder / "untidy").unlink()

def crash(context):
    raise RuntimeError("oops")

@hookimpl
def refflow_health_checks():
    yield HealthCheckSpec(name="tidy-check", summary="Tidy", check=check, fix=fix)
    yield HealthCheckSpec(name="tidy-crash", summary="Crashes", check=crash)
"""


def test_the_doctor_runs_the_checks_of_plugins_and_survives_them(well: Site, folder: Path) -> None:
    well.add("tidy", CHECK)
    run(well, folder, INIT + "print('[]')")
    (folder / "untidy").touch()

    found = well.refflow("doctor", "--workspace", str(folder))
    assert "problem: check tidy-check (refflow-tidy 1.0): it is untidy here\n  tidy up" in found.stdout
    assert "check tidy-crash (refflow-tidy 1.0): the check itself failed: RuntimeError: oops" in found.stdout

    well.refflow("doctor", "--fix", "--workspace", str(folder))
    assert (folder / "untidy").exists(), "it may look unasked, and mend only once the settings name it"
    run(
        well,
        folder,
        "settings('name: Sam\\nplugins:\\n  tidy: {}\\n')\n"
        "with api.open_workspace(folder) as w:\n    api.synchronise(w, now)\nprint('[]')",
    )
    mended = well.refflow("doctor", "--fix", "--workspace", str(folder))
    assert "it is untidy here\n  mended" in mended.stdout
    assert "untidy" not in well.refflow("doctor", "--workspace", str(folder)).stdout


def test_the_doctor_looks_at_the_settings_of_plugins(well: Site, folder: Path) -> None:
    config = CHANNEL.replace(
        "can=frozenset", "config=Config, can=frozenset"
    ).format(name="sms", module="sms").replace(
        "@hookimpl",
        "import msgspec\nfrom refflow.api import Secret\n"
        "class Config(msgspec.Struct, forbid_unknown_fields=True):\n    number: int\n    token: Secret\n\n@hookimpl",
    )  # fmt: skip
    well.add("sms", config, channel=RAISING.format(error="OSError", found="UNKNOWN"))
    run(
        well,
        folder,
        INIT
        + "settings('name: Sam\\nplugins:\\n  sms: {number: many, token: {$env: SMS_TOKEN}}\\n  smms: {}\\n')\n"
        "with api.open_workspace(folder) as w:\n    api.synchronise(w, now)\nprint('[]')",
    )

    found = well.refflow("doctor", "--workspace", str(folder), SMS_TOKEN="s3cret").stdout

    assert "the section `plugins.smms` is of no plugin that is here\n  did you mean `sms`?" in found
    assert "refflow.yaml, plugins.sms: Expected `int`, got `str` - at `$.number`" in found
    assert "s3cret" not in found
