"""`refflow demo`: one search from import to offer, in virtual time, by the very commands a user would type."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

from refflow import api, resources
from refflow.errors import UsageError
from refflow.views.messages import OPEN, Message
from refflow.views.runs import Task

ZONE = "Europe/Lisbon"
SECOND = "https://jobs.lever.co/kestrel/77"
POSTING = "https://boards.greenhouse.io/tidewaterrobotics/jobs/4012345678"


class Stage:
    """Plays commands at a moment of the story. `run` is the command line itself."""

    def __init__(self, folder: Path, run: Callable[[list[str]], int]) -> None:
        self.folder = folder
        self.now = ""
        self._run = run

    def at(self, moment: str, text: str) -> None:
        """Move the clock to `moment`, in the zone of the story, and tell what happens."""
        self.now = moment
        day = datetime.fromisoformat(moment)
        click.echo()
        click.secho(f"{day:%a} {day.day} {day:%b %Y, %H:%M}  {text}", bold=True)

    def run(self, *words: str, expect: int = 0) -> None:
        """Type a command, and stop the story should it end otherwise than expected."""
        click.secho(f"$ refflow {shlex.join(words)}", fg="cyan")
        code = self._run(["--workspace", str(self.folder), "--now", self.now, *words])
        if code != expect:
            raise UsageError(
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


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("refflow-demo"))
def demo(folder: Path) -> None:
    """Play a whole search on a made-up network, in virtual time, and leave the workspace to explore."""
    from refflow.cli import run

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty. Name a new folder: `refflow demo DIR`.")
    stage = Stage(folder, run)
    stage.now = "2026-11-23 09:00"
    click.secho(f"$ refflow init {folder} --name 'Maya Okafor' --zone {ZONE}", fg="cyan")
    code = run(
        ["--now", stage.now, "init", str(folder), "--name", "Maya Okafor", "--email", "maya.okafor@example.org",
         "--zone", ZONE]
    )  # fmt: skip
    if code != 0:
        raise UsageError(f"The demo stopped: the workspace could not be made ({code}).")
    play(stage)
    click.echo()
    click.secho("That was the demo.", bold=True)
    click.echo(
        f"Look around: cd {shlex.quote(str(folder))}; refflow board; refflow why 'Ana Lima'; refflow events --last 20"
    )
