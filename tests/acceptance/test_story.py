"""The main job, told with the real command: ask, follow up, give thanks, keep posted, and take a no."""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from email.policy import default as modern
from pathlib import Path
from typing import Any

import pytest

from refflow.resources import sample_export

REFFLOW = Path(sysconfig.get_path("scripts")) / "refflow"
JOB = "https://boards.greenhouse.io/tidewaterrobotics/jobs/4012345678"
OTHER_JOB = "https://jobs.lever.co/kestrel/77"
HELD = 3


class Seeker:
    """Somebody who types commands in a workspace, on the clock of the story."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = ""
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("REFFLOW", "_REFFLOW"))
        } | {"PYTHONWARNINGS": "error", "NO_COLOR": "1"}

    def types(self, *words: str, ends_with: int = 0, **environment: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            [REFFLOW, "--workspace", self.folder, "--now", self.now, *words],
            capture_output=True,
            encoding="utf-8",
            env=self.environment | environment,
            check=False,
        )
        assert done.returncode == ends_with, f"{words} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout + (done.stderr if ends_with else "")

    def asks(self, *words: str) -> Any:
        """The result of a command."""
        told = json.loads(self.types(*words, "--json"))
        assert told["refflow"] == 1
        assert told["command"] == " ".join(words[: len(told["command"].split())])
        return told["result"]

    def comes_to(self, moment: str) -> None:
        """Let time pass until `moment`."""
        self.now = moment

    def sends(self, message: str) -> None:
        """Approve a message, send it, and say so."""
        self.types("approve", message)
        self.types("do", message, "sent")

    def has_to(self) -> list[str]:
        """What there is to do now: who it is about and what, with its id."""
        agenda = self.asks("next")
        return [f"{step['contact_name']}: {step['do']} {step['id']}" for step in agenda["steps"]]

    def owes(self) -> list[str]:
        """What is owed to helpers."""
        return [debt["what"] for debt in self.asks("next")["owed"]]

    def the_message_to(self, name: str) -> str:
        """The id of the one message to somebody that is not sent yet."""
        agenda = self.asks("next")
        steps = [*agenda["steps"], *agenda["held"]]
        (found,) = [step["id"] for step in steps if step["contact_name"] == name and step["id"][0] == "m"]
        return str(found)

    def sees_on_the_board(self) -> dict[str, list[str]]:
        """Who is asked, by stage."""
        columns = self.asks("board")["columns"]
        return {stage: [card["contact_name"] for card in cards] for stage, cards in columns.items() if cards}

    def is_told_why(self, subject: str) -> str:
        """The reasons for something, the newest last."""
        explanation = self.asks("why", subject)
        positions = [reason["position"] for reason in explanation["reasons"]]
        assert positions == sorted(set(positions))
        assert all(reason["cause"] is None or reason["cause"] < reason["position"]
                   for reason in explanation["reasons"])  # fmt: skip
        return "\n".join([explanation["now"], *(reason["text"] for reason in explanation["reasons"])])

    def checks_the_books(self) -> None:
        """The log is whole, and every view and decision follows from it."""
        self.asks("next")
        with ThreadPoolExecutor(2) as pool:
            differing = pool.submit(self.asks, "replay", "--check")
            decided = pool.submit(self.asks, "replay", "--verify")
            verdict = pool.submit(self.asks, "verify")
            events = pool.submit(self.types, "events", "--json")
        assert [view["view"] for view in differing.result() if view["differing"]] == []
        assert decided.result()["differing"] == []
        assert verdict.result()["damage"] is None
        told = [json.loads(line) for line in events.result().splitlines()]
        assert [event["position"] for event in told] == list(range(1, verdict.result()["head"] + 1))
        assert all(event["cause"] is None or event["cause"] < event["position"] for event in told)

    def has_recorded(self) -> int:
        """How many events the log has."""
        return int(self.asks("verify")["head"])


@pytest.fixture
def maya(tmp_path: Path) -> Seeker:
    """Maya on a Monday, with a new workspace."""
    maya = Seeker(tmp_path / "search")
    maya.comes_to("2026-11-23 09:00")
    maya.types("init", "--name", "Maya Okafor", "--email", "maya@example.org", "--zone", "Europe/Lisbon")
    return maya


def editor(folder: Path, script: Sequence[str]) -> str:
    """An editor that runs a Python script over the text."""
    program = folder / "editor.py"
    program.write_text("\n".join(["import sys, pathlib", "file = pathlib.Path(sys.argv[1])", *script]))
    return f"{shutil.which('python3')} {program}"


def test_a_search_from_the_import_to_the_offer(maya: Seeker, tmp_path: Path) -> None:
    # She looks at what an import would bring, takes it in, and once more: there is nothing new.
    before = maya.has_recorded()
    plan = maya.asks("import", str(sample_export()))
    assert not plan["applied"]
    assert plan["counts"]["contact.added"] == 30
    assert maya.has_recorded() == before
    assert maya.asks("import", str(sample_export()), "--apply")["counts"] == plan["counts"]
    packed = shutil.make_archive(str(tmp_path / "Basic_LinkedInDataExport"), "zip", sample_export())
    after = maya.has_recorded()
    again = maya.asks("import", packed, "--apply")
    assert (again["applied"], again["counts"]) == (False, {})
    assert maya.has_recorded() == after
    maya.checks_the_books()

    # A job: who could refer her?
    job = maya.asks(
        "opening", "add", JOB, "--company", "Tidewater Robotics", "--title", "Senior Platform Engineer",
        "--submit", "the form in your careers portal",
    )["value"]  # fmt: skip
    ranking = maya.asks("who", job, "--why")["candidates"]
    assert ranking[0]["name"] == "Ana Lima"
    assert ranking[0]["terms"][0]["because"]
    assert maya.asks("next")["suggestions"][0]["candidate"]["name"] == "Ana Lima"

    # She asks Ana. The draft lacks what only she can say, and is held for it.
    maya.types("start", "referral-ask", "Ana Lima", "--for", job)
    ask = maya.the_message_to("Ana Lima")
    assert "[missing: ask.line]" in maya.asks("draft", ask)["message"]["body"]
    held = maya.types("approve", ask, ends_with=HELD)
    assert "personal line" in held
    assert f"refflow packet {job} --for" in held
    assert [step["id"] for step in maya.asks("next")["held"]] == [ask]
    assert "held by the rule packet" in maya.is_told_why(ask)
    assert maya.sees_on_the_board() == {"ready": ["Ana Lima"]}

    # She says it, and puts the rest into her own words: from a file, then in her editor.
    maya.types("packet", job, "--for", "Ana Lima", "--line", "Your talk on the platform team stayed with me.")
    assert "Your talk on the platform team" in maya.types("draft", ask)
    words = tmp_path / "ask.txt"
    words.write_text("Hi Ana,\n\nyour talk stayed with me. Would you refer me? É só isso.\n", encoding="utf-8")
    maya.types("draft", ask, "--body-file", str(words))
    maya.types(
        "draft", ask, "--edit",
        EDITOR=editor(tmp_path, [
            "text = file.read_text(encoding='utf-8').replace('Would you', 'Could you')",
            "file.write_text(text + '\\nMaya\\n', encoding='utf-8')",
            "import os; os.utime(file, (2e9, 2e9))",
        ]),
    )  # fmt: skip
    assert maya.has_to() == [f"Ana Lima: approve {ask}"]
    pasted = maya.types("approve", ask)
    assert "paste this at https://www.linkedin.com/in/ana-lima" in pasted
    assert "Hi Ana,\n\nyour talk stayed with me. Could you refer me? É só isso.\n\nMaya" in pasted
    assert maya.has_to() == [f"Ana Lima: send {ask}"]
    maya.types("do", ask, "sent")
    assert maya.has_to() == []
    assert maya.sees_on_the_board() == {"asked": ["Ana Lima"]}
    maya.checks_the_books()

    # A second person about the same opening has to wait.
    maya.types("person", "edit", "Tomás Ferreira", "--relation", "friend")
    assert "one person at a time" in maya.types(
        "start", "referral-ask", "Tomás Ferreira", "--for", job, ends_with=HELD
    )

    # Six business days are too early, seven bring the reminder.
    maya.comes_to("2026-12-01 10:00")
    assert maya.has_to() == []
    (waiting,) = maya.asks("next")["waiting"]
    assert waiting["contact_name"] == "Ana Lima"
    maya.comes_to("2026-12-02 10:00")
    nudge = maya.the_message_to("Ana Lima")
    assert nudge != ask
    assert maya.has_to() == [f"Ana Lima: approve {nudge}"]
    assert "The wait until 2026-12-02 09:00 is over" in maya.is_told_why(nudge)
    maya.sends(nudge)

    # Ana says yes: what was to follow an unanswered message does not, and she gets what she needs.
    maya.comes_to("2026-12-04 09:15")
    maya.types("reply", "Ana Lima", "yes", "--text", "Of course!")
    assert maya.sees_on_the_board() == {"agreed": ["Ana Lima"]}
    details = maya.the_message_to("Ana Lima")
    assert JOB in maya.asks("draft", details)["message"]["body"]
    assert "Ana Lima answers: agreed" in maya.is_told_why(details)
    maya.sends(details)
    maya.checks_the_books()

    # She refers Maya: thanks are owed until they are given.
    maya.comes_to("2026-12-07 11:00")
    assert maya.owes() == []
    maya.types("do", "Ana Lima", "referred")
    assert maya.owes() == ["thanks"]
    assert maya.sees_on_the_board() == {"referred": ["Ana Lima"]}
    maya.sends(maya.the_message_to("Ana Lima"))
    assert maya.owes() == []
    assert "Ana Lima is thanked" in maya.is_told_why("Ana Lima")
    maya.checks_the_books()

    # Whatever happens to the application is news for Ana, though not the day after the thank-you.
    maya.comes_to("2026-12-08 09:15")
    maya.types("do", job, "applied")
    assert maya.owes() == ["update"]
    update = maya.the_message_to("Ana Lima")
    assert "5 business days" in maya.types("approve", update, ends_with=HELD)
    maya.comes_to("2026-12-15 09:30")
    assert maya.has_to() == [f"Ana Lima: send {update}"]
    maya.types("do", update, "sent")
    assert maya.owes() == []

    for moment, news, stage, more in (
        ("2027-01-11 10:00", "interview", "interview", ("--when", "2027-01-18 14:00")),
        ("2027-01-27 16:00", "offer", "offer", ()),
    ):
        maya.comes_to(moment)
        maya.types("do", job, news, *more)
        assert maya.owes() == ["update"]
        assert maya.sees_on_the_board() == {stage: ["Ana Lima"]}
        maya.sends(maya.the_message_to("Ana Lima"))
        assert maya.owes() == []
        maya.checks_the_books()

    # What is left is to give something back.
    (task,) = maya.asks("next")["steps"]
    assert task["do"] == "task"
    maya.types("do", task["id"], "done", "--note", "Lunch")
    assert maya.has_to() == []
    assert maya.asks("stats")["reached"]["offer"] == 1
    assert maya.asks("board", "--as-of", "2026-12-01")["columns"]["asked"][0]["contact_name"] == "Ana Lima"
    maya.checks_the_books()


def test_a_no_is_taken_kindly_and_the_next_person_offered(maya: Seeker) -> None:
    maya.types("import", str(sample_export()), "--apply")
    job = maya.asks(
        "opening", "add", OTHER_JOB, "--company", "Kestrel Cloud", "--title", "Staff Engineer",
        "--submit", "reply to this mail",
    )["value"]  # fmt: skip
    maya.types("person", "edit", "Olivia Brown", "--email", "olivia.brown@example.org", "--channel", "eml")
    maya.types(
        "start", "referral-ask", "Olivia Brown", "--for", job, "--line", "You know how we work together."
    )

    # By e-mail the message lies in the outbox, as a draft that her mail program opens.
    ask = maya.the_message_to("Olivia Brown")
    told = maya.types("approve", ask)
    (file,) = (maya.folder / "outbox").glob("*.eml")
    draft = email.message_from_bytes(file.read_bytes(), policy=modern)
    assert draft["To"] == "Olivia Brown <olivia.brown@example.org>"
    assert draft["From"] == "Maya Okafor <maya@example.org>"
    assert draft["Subject"] == "Staff Engineer at Kestrel Cloud"
    assert draft["X-Unsent"] == "1"
    assert "You know how we work together." in draft.get_content()
    assert str(file) in told
    maya.types("do", ask, "sent")
    assert maya.sees_on_the_board() == {"asked": ["Olivia Brown"]}
    maya.checks_the_books()

    maya.comes_to("2026-11-25 09:00")
    maya.types("reply", "Olivia Brown", "no", "--text", "I am about to leave myself, sorry!")
    assert maya.sees_on_the_board() == {"closed": ["Olivia Brown"]}
    kind = maya.the_message_to("Olivia Brown")
    assert "Thank you for the straight answer" in maya.asks("draft", kind)["message"]["body"]
    maya.sends(kind)
    assert "Olivia Brown answers: declined" in maya.is_told_why(kind)

    # The next is somebody else: who said no is not asked again.
    agenda = maya.asks("next")
    (suggestion,) = agenda["suggestions"]
    assert suggestion["opening"] == job
    assert suggestion["candidate"]["name"] == "Wei Zhang"
    assert "Ask the next person" in agenda["steps"][0]["text"]
    no = next(each for each in maya.asks("who", job)["candidates"] if each["name"] == "Olivia Brown")
    assert no["score"] == 0
    assert "said no" in no["note"]
    maya.checks_the_books()
