"""`refflow demo`: one search from import to offer, in virtual time, by the very commands a user would type."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

import click

from refflow import api, resources
from refflow.errors import RefflowError, UsageError
from refflow.views.messages import OPEN, Message
from refflow.views.runs.tasks import Task

from .command import Command
from .fault import INTERRUPTED, PIPE_CLOSED
from .session import Session

ZONE = "Europe/Lisbon"
SECOND = "https://jobs.lever.co/kestrel/77"
POSTING = "https://boards.greenhouse.io/tidewaterrobotics/jobs/4012345678"


class Stage:
    """Plays commands at a moment of the story. `run` is the command line itself."""

    def __init__(self, folder: Path, session: Session) -> None:
        self.folder = folder
        self.now = ""
        self._session = session

    def at(self, moment: str, text: str) -> None:
        """Move the clock to `moment`, in the zone of the story, and tell what happens."""
        self.now = moment
        day = datetime.fromisoformat(moment)
        self._session.output.line()
        self._session.output.heading(f"{day:%a} {day.day} {day:%b %Y, %H:%M}  {text}")

    def run(self, *words: str, expect: int = 0) -> None:
        """Type a command, and stop the story should it end otherwise than expected."""
        self._play([*words], ["--workspace", str(self.folder)], expect)

    def begin(self, *options: str) -> None:
        """Make the workspace."""
        self._play(["init", str(self.folder), *options], [], 0)

    def _play(self, words: list[str], where: list[str], expect: int) -> None:
        from refflow.cli import run

        self._session.output.line(f"$ refflow {shlex.join(words)}", dim=True)
        how = [*(["--no-color"] if self._session.plain else []), *(["-q"] if self._session.quiet else [])]
        code = run([*where, "--now", self.now, *how, *words])
        if code in (INTERRUPTED, PIPE_CLOSED):
            raise SystemExit(code)
        if code != expect:
            raise RefflowError(
                f"The demo stopped: `refflow {shlex.join(words)}` ended with {code}, not {expect}."
            )

    def draft(self) -> str:
        """The id of the message that waits for the owner."""
        with api.open_workspace(self.folder, read_only=True) as workspace:
            waiting = [each.id for each in workspace.views.find(Message) if each.status in OPEN]
        return waiting[-1]

    def task(self) -> str:
        """The id of the task that waits for the owner."""
        with api.open_workspace(self.folder, read_only=True) as workspace:
            return [each.id for each in workspace.views.find(Task, status="open")][-1]

    def opening(self, link: str) -> str:
        """The id of the opening with that link."""
        with api.open_workspace(self.folder, read_only=True) as workspace:
            return api.find_opening(workspace, link).id

    def sends(self) -> None:
        """Approve the message that waits, send it, and say so."""
        message = self.draft()
        self.run("approve", message)
        self.run("do", message, "sent")


def play(stage: Stage) -> None:
    """The story."""
    stage.now = "2026-11-23 09:30"
    stage.at(stage.now, "Maya looks for a job. She begins with the people she knows.")
    stage.run("import", str(resources.sample_export()), "--apply")
    stage.run(
        "opening", "add", POSTING, "--company", "Tidewater Robotics", "--title", "Senior Platform Engineer",
        "--submit", "the referral form in your careers portal, with my e-mail address and CV",
        "--programme", "counts only when the referral comes before the application",
    )  # fmt: skip
    opening = stage.opening(POSTING)
    stage.run("who", opening, "--why")

    stage.at(
        "2026-11-23 09:40",
        "Ana is warm and near the job. The first draft lacks the line that only Maya can write.",
    )
    stage.run("start", "referral-ask", "Ana Lima", "--for", opening)
    ask = stage.draft()
    stage.run("draft", ask)
    stage.run("approve", ask, expect=3)
    line = "Since our coffee in September I keep thinking about what you said of the platform team."
    stage.run("packet", opening, "--for", "Ana Lima", "--line", line)
    stage.run("draft", ask)
    stage.run("approve", ask)
    stage.run("do", ask, "sent")

    stage.at("2026-11-23 09:50", "Two at one company? Not about one opening at a time.")
    stage.run("person", "edit", "Tomás Ferreira", "--relation", "friend")
    stage.run("start", "referral-ask", "Tomás Ferreira", "--for", opening, expect=3)

    stage.at("2026-12-03 10:00", "Seven business days without an answer: the reminder is due.")
    stage.run("next")
    stage.run("why", stage.draft())
    stage.sends()

    stage.at("2026-12-04 09:15", "Ana answers.")
    stage.run("reply", "Ana Lima", "agreed", "--text", "Of course! Sorry for the wait. Send me the details.")
    stage.sends()

    stage.at("2026-12-07 11:00", "Ana hands in the referral: thanks are owed within a day.")
    stage.run("do", "Ana Lima", "referred")
    stage.run("next")
    stage.sends()

    stage.at("2026-12-08 09:15", "Maya applies; Ana is owed an update, though not the day after the thank-you.")
    stage.run("do", opening, "applied")
    update = stage.draft()
    stage.run("approve", update, expect=3)

    stage.at("2026-12-15 09:30", "A week later it may go.")
    stage.run("next")
    stage.run("do", update, "sent")

    stage.at("2027-01-11 10:00", "An interview.")
    stage.run("do", opening, "interview", "--when", "2027-01-18 14:00")
    stage.sends()

    stage.at("2027-01-27 16:00", "The offer. Ana is the first to know.")
    stage.run("do", opening, "offer")
    stage.sends()
    stage.run("do", stage.task(), "done", "--note", "Lunch on the 30th, and a word for her niece's application")
    stage.run("board")

    stage.at("2027-01-28 09:00", "And when somebody says no? A second iron in the fire, by e-mail this time.")
    stage.run(
        "opening", "add", SECOND, "--company", "Kestrel Cloud",
        "--title", "Staff Engineer", "--submit", "reply to this mail and I will send the form",
    )  # fmt: skip
    second = stage.opening(SECOND)
    stage.run("person", "edit", "Olivia Brown", "--email", "olivia.brown@example.org", "--channel", "eml")
    stage.run(
        "start", "referral-ask", "Olivia Brown", "--for", second,
        "--line", "You know best how we shipped the storage rewrite together.",
    )  # fmt: skip
    stage.sends()
    stage.at("2027-01-29 09:00", "A no is taken kindly; the next person is offered.")
    stage.run("reply", "Olivia Brown", "declined", "--text", "I am about to leave myself, sorry!")
    stage.sends()
    stage.run("next")

    stage.at("2027-01-29 09:10", "Everything above is in the log; every view can be made from it again.")
    stage.run("stats")
    stage.run("replay", "--check")
    stage.run("replay", "--verify")


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("refflow-demo"))
@click.pass_obj
def demo(session: Session, folder: Path) -> None:
    """Play a whole search on a made-up network, in virtual time, and leave the workspace to explore."""
    if session.as_json or session.folder is not None or session.pretended_now is not None:
        raise UsageError("The demo is a story with a folder and a time of its own: `refflow demo DIR`.")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty. Name a new folder: `refflow demo DIR`.")
    stage = Stage(folder, session)
    stage.now = "2026-11-23 09:00"
    stage.begin("--name", "Maya Okafor", "--email", "maya.okafor@example.org", "--zone", ZONE)
    play(stage)
    output = session.output
    output.line()
    output.heading("That was the demo.")
    output.line(
        f"Look around: cd {shlex.quote(str(folder))}; refflow board; refflow why 'Ana Lima'; refflow events --last 20"
    )
    output.line("Its clock stands at 29 January 2027. To play on, say when: refflow next --now 2027-02-03")
